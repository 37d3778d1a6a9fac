-- Version 1 of the fleet's tables. Run by `xmlresource fleet init`, in one transaction.
-- The server's clock alone counts: clock_timestamp(), because a statement may have waited for a lock
-- since its transaction began.

create table xmlresource.host (
    name text primary key
        check (name ~ '^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$'),
    role name unique,                    -- the login role that publishes as this host
    state text not null default 'up' check (state in ('up', 'draining', 'down')),
    published timestamptz,               -- when the last message was taken
    boot_id uuid,
    sequence bigint,
    commitment bigint,                   -- the room by the rule of commitment, claims not taken off
    physical bigint,                     -- the room by the physical rule, likewise
    report jsonb                         -- the message itself
);

-- The boots of a host from which messages were taken, to tell a message that comes late.
create table xmlresource.boot (
    host text not null references xmlresource.host on delete cascade,
    boot_id uuid not null,
    sequence bigint not null,            -- the highest, in microseconds since that boot
    started timestamptz not null,        -- when the boot was at the latest
    primary key (host, boot_id)
);

create table xmlresource.claim (
    driver text not null check (driver ~ '^[a-z][a-z0-9]{0,31}$'),
    uuid uuid not null,
    host text not null references xmlresource.host on delete cascade,
    promise jsonb not null,              -- what the guest will be promised there
    committed bigint not null check (committed >= 0),
    needed bigint not null check (needed >= 0),
    source text references xmlresource.host on delete set null,  -- where it is to be moved from
    state text not null default 'claimed' check (state in ('claimed', 'moving')),
    created timestamptz not null default clock_timestamp(),
    expires timestamptz not null,
    claimer name not null default session_user,
    primary key (driver, uuid)           -- a guest is claimed on one host
);

create index claim_by_host on xmlresource.claim (host);

-- Whether the session may publish as the host.
create function xmlresource.may_publish(host_name text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select pg_has_role(session_user, 'xmlresource_collector', 'member')
        or exists (
            select from xmlresource.host where name = host_name and role = session_user
        )
$$;

-- Take a host's message, or leave it where it is older than what is known: 'taken', 'older'.
create function xmlresource.publish(message jsonb, commitment_room bigint, physical_room bigint)
returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    host_name constant text := message ->> 'name';
    message_boot constant uuid := (message ->> 'boot_id')::uuid;
    message_sequence constant bigint := (message ->> 'sequence')::bigint;
    known xmlresource.host;
    current_boot xmlresource.boot;
    own_boot xmlresource.boot;
    moment timestamptz;
    boot_started timestamptz;
begin
    if message ->> 'format' is distinct from 'xmlresource-host'
        or jsonb_typeof(message -> 'guests') is distinct from 'array'
        or message_boot is null or message_sequence is null or message_sequence < 0
        or message_sequence > 30000000000000000  -- nearly a thousand years
        or octet_length(message::text) > 8388608
    then
        raise exception 'this is no report of a host' using errcode = 'invalid_parameter_value';
    end if;
    if host_name is null or not xmlresource.may_publish(host_name) then
        raise exception 'role % may not publish as host %', session_user, host_name
            using errcode = 'insufficient_privilege';
    end if;

    insert into xmlresource.host (name) values (host_name) on conflict do nothing;
    select * into known from xmlresource.host where name = host_name for update;
    moment := clock_timestamp();
    boot_started := moment - message_sequence * interval '1 microsecond';
    select * into own_boot from xmlresource.boot
        where host = host_name and boot_id = message_boot;
    if found then
        if message_sequence <= own_boot.sequence then
            return 'older';
        end if;
        boot_started := least(boot_started, own_boot.started);
        if message_boot is distinct from known.boot_id then
            -- Another boot was heard since. This one counts again only if it still lived then.
            select * into current_boot from xmlresource.boot
                where host = host_name and boot_id = known.boot_id;
            if boot_started + message_sequence * interval '1 microsecond'
                <= least(
                    current_boot.started + current_boot.sequence * interval '1 microsecond', moment)
            then
                return 'older';
            end if;
        end if;
    end if;

    insert into xmlresource.boot as b (host, boot_id, sequence, started)
        values (host_name, message_boot, message_sequence, boot_started)
        on conflict (host, boot_id)
        do update set sequence = excluded.sequence, started = excluded.started;
    delete from xmlresource.boot where host = host_name and boot_id in (
        select boot_id from xmlresource.boot where host = host_name and boot_id <> message_boot
            order by started desc offset 16);
    update xmlresource.host set published = moment, boot_id = message_boot,
        sequence = message_sequence, commitment = commitment_room, physical = physical_room,
        report = message
        where name = host_name;

    -- What the ledger holds by now counts in the report, and is claimed no more.
    delete from xmlresource.claim c where c.host = host_name and (
        c.expires <= moment or exists (
            select from jsonb_array_elements(message -> 'guests') g
                where g ->> 'driver' = c.driver and g ->> 'uuid' = c.uuid::text));
    return 'taken';
end
$$;

create function xmlresource.schema_version() returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select coalesce(max(version), 0) from xmlresource.migration $$;

revoke all on schema xmlresource from public;
revoke all on all tables in schema xmlresource from public;
revoke all on all functions in schema xmlresource from public;

grant usage on schema xmlresource
    to xmlresource_host, xmlresource_collector, xmlresource_planner;
grant execute on function xmlresource.schema_version()
    to xmlresource_host, xmlresource_collector, xmlresource_planner;
grant execute on function xmlresource.publish(jsonb, bigint, bigint)
    to xmlresource_host, xmlresource_collector;
grant select on xmlresource.host, xmlresource.claim to xmlresource_planner;
grant update (state) on xmlresource.host to xmlresource_planner;
grant insert, update, delete on xmlresource.claim to xmlresource_planner;
