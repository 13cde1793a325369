# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and stores for the inputs, made by OpenSSL and keytool: none comes from our own code.

{dir} in an input is the folder. The password of a store is "changeit" unless its name says otherwise.
"""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from tests.conftest import ROOT
from tests.kafka.jars import HarnessError

PASSWORD = "changeit"
CACHE = ROOT / ".cache" / "field"

_SECONDS = 60
_DAYS = "7300"

#: Commands of a shell, run in the folder: small, and readable by whoever wants to make such a store by hand.
_RECIPE = r"""
set -eu
P=changeit
subject() { echo "/O=Example/CN=$1"; }
EC="ec -pkeyopt ec_paramgen_curve:P-256"
openssl req -x509 -newkey $EC -nodes -keyout ca.key -out ca.pem -days DAYS -subj "$(subject Root)"
printf 'basicConstraints=critical,CA:true\n' > ca.ext
printf 'basicConstraints=CA:false\n' > leaf.ext
openssl req -newkey $EC -nodes -keyout issuing.key -out issuing.csr -subj "$(subject Issuing)"
sign() { openssl x509 -req -in $1 -CA $2.pem -CAkey $2.key -CAcreateserial -extfile $3.ext -days DAYS -out $4; }
sign issuing.csr ca ca issuing.pem
for name in alice alice-ec; do
  kind=rsa:2048; [ $name = alice-ec ] && kind=$EC
  openssl req -newkey $kind -nodes -keyout $name.key -out $name.csr -subj "$(subject $name)"
  sign $name.csr issuing leaf $name.crt
  cat $name.key $name.crt issuing.pem > $name.pem
done
cat issuing.pem ca.pem > chain.pem
openssl rsa -in alice.key -traditional -out alice-pkcs1.key
openssl ec -in alice-ec.key -out alice-sec1.key
cat alice-pkcs1.key alice.crt issuing.pem > alice-pkcs1.pem
cat alice-sec1.key alice-ec.crt issuing.pem > alice-sec1.pem
openssl pkcs8 -topk8 -in alice.key -passout pass:$P -out alice-pbes2.key
openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in alice.key -passout pass:$P -out alice-pbe.key
cat alice-pbes2.key alice.crt issuing.pem > alice-pbes2.pem
cat alice-pbe.key alice.crt issuing.pem > alice-pbe.pem
cat alice.crt alice.key > alice-certificate-first.pem
cp alice.key alice-key-only.pem
cp alice.crt alice-certificate-only.pem
{ echo 'Bag Attributes'; echo '    friendlyName: alice'; cat alice.pem; } > alice-bag.pem
sed 's/$/\r/' alice.pem > alice-crlf.pem
sed 's/$/\r/' ca.pem > ca-crlf.pem
{ openssl x509 -in ca.pem -text; } > ca-text.pem
openssl x509 -in ca.pem -trustout -out ca-trusted.pem
openssl x509 -in ca.pem -outform der -out ca.der
openssl crl2pkcs7 -nocrl -certfile ca.pem -out ca.p7b
cp alice.csr request.pem
iconv -f ascii -t utf-16 ca.pem > ca-utf16.pem
: > empty.jks
echo 'not a store' > text.jks
mkdir folder
bundle() { openssl pkcs12 -export "$@"; }
bundle -inkey alice.key -in alice.crt -certfile issuing.pem -name alice -passout pass:$P -out alice.p12
bundle -inkey alice-ec.key -in alice-ec.crt -certfile issuing.pem -name alice -passout pass:$P -out alice-ec.p12
bundle -legacy -inkey alice.key -in alice.crt -name alice -passout pass:$P -out alice-legacy.p12
bundle -inkey alice.key -in alice.crt -name alice -passout pass: -out alice-no-password.p12
openssl pkcs12 -export -nokeys -in ca.pem -passout pass:$P -out ca-openssl.p12
openssl pkcs12 -export -nokeys -in chain.pem -passout pass:$P -out chain-openssl.p12
for type in JKS PKCS12; do
  end=jks; [ $type = PKCS12 ] && end=p12
  for name in ca issuing; do
    keytool -importcert -noprompt -alias $name -file $name.pem -keystore $name.$end -storetype $type -storepass $P
  done
done
copy() {
  from=$1; to=$2; type=$3; shift 3
  keytool -importkeystore -noprompt -srckeystore $from -srcstorepass $P -destkeystore $to -deststoretype $type \
    -deststorepass $P "$@"
}
copy alice.p12 alice.jks JKS
cp alice.jks alice-other-key-password.jks
keytool -keypasswd -alias alice -keypass $P -new other-password -keystore alice-other-key-password.jks \
  -storetype JKS -storepass $P
copy alice.p12 alice.jceks JCEKS
cp alice.p12 two-keys.p12
copy alice-ec.p12 two-keys.p12 PKCS12 -srcalias alice -destalias second
cp alice.p12 named-like-jks.jks
cp alice.jks named-like-p12.p12
cp ca.p12 ca-really-p12.jks
cp ca.jks ca-really-jks.p12
head -c 300 ca.jks > damaged.jks
head -c 300 ca.p12 > damaged.p12
head -n 5 ca.pem > cut.pem
encoded() { printf "$1" | openssl base64 -A | tr '+/' '-_' | tr -d '='; }
claims='{"sub":"u","scope":"s","iat":1700000000,"exp":4100000000}'
printf '%s.%s.c2ln' "$(encoded '{"alg":"none"}')" "$(encoded "$claims")" > token
printf 'password=changeit\nuser=alice\n' > values.properties
"""


def folder() -> pathlib.Path:
    """The folder with the stores, made once."""
    target = CACHE / hashlib.sha256(_RECIPE.encode()).hexdigest()[:12]
    if target.is_dir():
        return target
    for program in ("openssl", "keytool"):
        if not shutil.which(program):
            raise HarnessError(f"{program} is not here. On Debian: apt-get install openssl openjdk-17-jdk-headless")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".make-") as scratch:
        made = pathlib.Path(scratch, "stores")
        made.mkdir(mode=0o755)
        script = _RECIPE.replace("DAYS", _DAYS)
        done = subprocess.run(
            ["bash", "-c", script], cwd=made, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode:
            raise HarnessError(f"The stores of the inputs cannot be made: {done.stderr[-2000:]}")
        if not target.is_dir():
            made.rename(target)
    return target
