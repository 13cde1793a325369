#!/usr/bin/env bash
# The Debian packages that the tests need. Installs what is missing where it runs as root; says what to install elsewhere.
set -euo pipefail
cd "$(dirname "$0")"
missing=()
while read -r package; do
  case "$package" in ''|\#*) continue ;; esac
  [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
done < requirements/apt.txt
# A JDK and Maven that were not installed by apt do as well.
if command -v javac > /dev/null && command -v keytool > /dev/null; then missing=("${missing[@]/openjdk-17-jdk-headless/}"); fi
if command -v mvn > /dev/null; then missing=("${missing[@]/maven/}"); fi
read -ra missing <<< "${missing[*]:-}"
if [ "${#missing[@]}" = 0 ]; then exit 0; fi
if [ "$(id -u)" != 0 ]; then
  echo "make test needs these Debian packages: ${missing[*]}" >&2
  echo "Install them (apt-get install ${missing[*]}), or run as root. make demo, lint, unit and integration do not need them." >&2
  exit 1
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
