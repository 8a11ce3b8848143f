#!/usr/bin/env bash
# Makes the README's pictures from the running program: `assets/pictures.sh` as root, with tmux, python3 and iproute2.
# Everything happens in namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
    cargo build --release
    exec unshare --net --pid --mount --fork --kill-child --mount-proc "$0" inside
fi

ip link set lo up
# By a name that is the same on every machine, wherever its Python is.
python=$(python3 -c 'import sys; print(sys.executable)')
(exec -a python3 "$python" assets/traffic.py 150) &
traffic=$!
screen() { tmux -L sockwatch-pictures "$@"; }
trap 'screen kill-server 2>/dev/null || true; kill $traffic 2>/dev/null || true' EXIT
screen -f /dev/null new-session -d -x 120 -y 40 'env LANG=C.UTF-8 target/release/sockwatch'
picture() { screen capture-pane -e -p | python3 assets/picture.py >"assets/$1.svg"; }
keys() { for key in "$@"; do screen send-keys "$key"; sleep 0.3; done; }

# The charts span a minute.
keys w w 1
sleep 65
picture overview
keys 3 / w e b Enter Enter
sleep 2
picture process
# The connection whose reader is slow: the one with the longest send queue.
keys 2 s / S E N D - Q Enter Enter j Enter
sleep 15
picture socket
keys F 6
sleep 2
picture findings
keys q
