# Sourced by scripts that install what is missing on Debian. `need PACKAGE FILE` notes a package when none of the
# paths that FILE (a glob, or a command's name) stands for is there; `install_needs` installs all that was noted.

missing=()

need() {
  local package=$1 file=$2
  case $file in
    /*) compgen -G "$file" >/dev/null || missing+=("$package") ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$file" >/dev/null || missing+=("$package") ;;
  esac
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "error: not root, and there is no sudo. As root: $*" >&2
    return 1
  fi
}

install_needs() {
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || {
    echo "error: there is no apt-get here. Install by hand: ${missing[*]}" >&2
    return 1
  }
  echo "Installing: ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Rust from rustup is there, but perhaps not yet in this shell's PATH.
find_cargo() {
  command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
  command -v cargo >/dev/null || {
    echo "error: cargo is not installed. Rust comes from https://rustup.rs" >&2
    return 1
  }
}
