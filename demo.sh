#!/usr/bin/env bash
# Installs what is missing (Debian; as root or with sudo), builds mailroom, and runs its demo: a Microsoft 365 tenant and
# mailroom on free ports of this machine, with sample mail arriving. Arguments go to `mailroom demo` (--help shows them).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tests/needs.sh"

need build-essential cc
install_needs
find_cargo

echo "Building mailroom; the first time this takes some minutes."
cargo build --locked --manifest-path "$here/Cargo.toml"
exec "${CARGO_TARGET_DIR:-$here/target}/debug/mailroom" demo "$@"
