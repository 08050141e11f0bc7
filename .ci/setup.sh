# shellcheck shell=bash disable=SC2034  # The lists are for those who source this.
# What ./run and ./check share: what must be installed and where Node comes from. Sourced from the repository's root.

build_packages=(
  ca-certificates ccache clang-19 cmake g++ gzip lld-19 ninja-build pkg-config
  libboost1.81-dev libcli11-dev libcmark-gfm-dev libcmark-gfm-extensions-dev libgumbo-dev libhnswlib-dev libicu-dev liblzma-dev
  librocksdb-dev libssl-dev libstemmer-dev libzstd-dev nlohmann-json3-dev poppler-utils prometheus-cpp-dev
  zlib1g-dev
)
corpus_packages=(debian-handbook)
test_packages=(chromium clang-format-14 git libgmock-dev libgtest-dev shellcheck)
lint_packages=(clang-tidy-19)

tools_folder="$PWD/build/tools"

say() { printf '\033[1m%s\033[0m\n' "== $*" >&2; }

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]
}

# install_packages <package>...: installs what is missing.
install_packages() {
  local missing=() package
  command -v dpkg-query >/dev/null || fail "This needs Debian 12: on other systems install the counterparts of: $*"
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "These packages are missing and this is neither root nor is there sudo. As root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

is_node_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

# Node 20.19 or later: the system's, else Node 24 from the npm registry in a folder of our own.
provide_node() {
  if [ -x "$tools_folder/node_modules/.bin/node" ]; then
    export PATH="$tools_folder/node_modules/.bin:$PATH"
  fi
  is_node_new_enough && return
  install_packages nodejs npm
  is_node_new_enough && return
  say "installing Node 24 into build/tools"
  mkdir -p "$tools_folder"
  npm install --prefix "$tools_folder" --no-save --no-audit --no-fund --loglevel=error node@24 npm@11 >&2
  export PATH="$tools_folder/node_modules/.bin:$PATH"
  hash -r
  is_node_new_enough || fail "Node 20.19 or later is needed, and installing Node 24 did not help"
}
