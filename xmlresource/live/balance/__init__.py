"""The balancing service: it watches, decides by ``xmlresource.balance``, and moves memory."""
