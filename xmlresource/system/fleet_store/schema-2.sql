-- Version 2: the memory of a host, for the order of hosts goes by percent of it. Which is a figure of
-- its own because reading whole reports for it would cost each claim many times what it costs.
-- Whatever a report says, it is a number from 1 to 2^53, which a float holds as it is.

alter table xmlresource.host add column total double precision generated always as (
    case when jsonb_typeof(report #> '{memory,total}') = 'number'
        then greatest(1, least(9007199254740992, (report #>> '{memory,total}')::numeric))
        else 1
    end) stored;
