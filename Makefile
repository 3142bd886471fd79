# Two commands: `make demo` shows the main job, `make test` proves it. The rest is cargo's.
#
# Both build with the same profile and the same features, so RocksDB's C++ is compiled once.
# CARGO_TARGET_DIR names a folder outside the clone that several clones may share.

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: demo test
demo:
	@scripts/install-build-needs "$(TARGET)"
	cargo build --workspace --bins
	$(TARGET)/debug/cites-node demo

test:
	@scripts/install-build-needs "$(TARGET)"
	cargo test --workspace
