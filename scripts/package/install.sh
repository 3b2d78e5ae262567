#!/bin/sh
# Installs tidings from the newest release: finds the archive of this platform, verifies its checksum, and
# puts the executable into ~/.local/bin, or into the folder that TIDINGS_INSTALL names.
#
#   curl -fsSL https://github.com/OWNER/NAME/releases/latest/download/install.sh | sh
#
# TIDINGS_RELEASE names another release, such as https://github.com/OWNER/NAME/releases/download/v1.2.3.
set -eu

fail() {
  echo "tidings: $1" >&2
  exit 1
}

# In a function, so that a download that breaks off runs nothing.
main() {
  release=${TIDINGS_RELEASE:-https://github.com/OWNER/NAME/releases/latest/download}
  folder=${TIDINGS_INSTALL:-$HOME/.local/bin}

  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=darwin ;;
    *) fail "there is no executable for $(uname -s) here; see $release" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) processor=x64 ;;
    arm64 | aarch64) processor=arm64 ;;
    *) fail "there is no executable for $(uname -m)" ;;
  esac
  platform=$system-$processor
  if [ "$system" = linux ] && [ -n "$(find /lib -maxdepth 1 -name 'ld-musl-*' 2>/dev/null | head -n 1)" ] &&
    ! [ -e /lib64/ld-linux-x86-64.so.2 ] && ! [ -e /lib/ld-linux-aarch64.so.1 ]; then
    platform=$platform-musl
  fi
  archive=tidings-$platform.tar.xz

  for tool in tar xz; do
    command -v "$tool" >/dev/null || fail "$tool is needed to unpack $archive"
  done
  if command -v sha256sum >/dev/null; then
    sum=sha256sum
  elif command -v shasum >/dev/null; then
    sum="shasum -a 256"
  else
    fail "sha256sum or shasum is needed to verify $archive"
  fi
  if command -v curl >/dev/null; then
    fetch="curl -fsSL -o"
  elif command -v wget >/dev/null; then
    fetch="wget -qO"
  else
    fail "curl or wget is needed"
  fi

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  $fetch "$work/SHA256SUMS" "$release/SHA256SUMS" || fail "can't fetch $release/SHA256SUMS"
  line=$(grep -E "^[0-9a-f]{64} [ *]$archive\$" "$work/SHA256SUMS") || fail "$release has no $archive"
  $fetch "$work/$archive" "$release/$archive" || fail "can't fetch $release/$archive"
  echo "$line" | (cd "$work" && $sum -c -) >/dev/null 2>&1 || fail "the checksum of $archive is wrong: nothing is installed"

  tar -xJf "$work/$archive" -C "$work" tidings || fail "$archive can't be unpacked"
  version=$("$work/tidings" --version) || fail "the executable does not run on this machine"
  mkdir -p "$folder" || fail "can't make $folder"
  # A hub that runs keeps its file.
  cp "$work/tidings" "$folder/.tidings.new" && chmod 755 "$folder/.tidings.new" &&
    mv "$folder/.tidings.new" "$folder/tidings" || fail "can't write to $folder"
  echo "tidings $version is in $folder"
  case :$PATH: in
    *":$folder:"*) ;;
    *) echo "put it on your PATH: export PATH=\"$folder:\$PATH\"" ;;
  esac
}

main
