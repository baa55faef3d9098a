#!/bin/sh
# What the daemon does when nothing happens: CPU time and context switches in 10 s without traffic.
# usage: idle.sh SIPXMPPD SIPXMPPCTL [SECONDS]
# No chat server answers here, so the daemon also goes on trying to connect, with growing delays;
# KEEP_LINK=PORT uses a component port of a chat server that is there (secret "idle").
set -eu

daemon=$1
ctl=$2
seconds=${3:-10}
folder=$(mktemp -d)
pid=

clean() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || true
	rm -rf "$folder"
}
trap clean EXIT INT TERM

cat > "$folder/sipxmppd.cfg" <<C
xmpp: { component = "sip.chat.example"; port = ${KEEP_LINK:-1}; secret = "idle, idle, idle"; };
sip: { listen = ["sip:127.0.0.1:0;transport=udp"]; };
domains: ( { xmpp = "sip.chat.example"; sip = "pbx.example"; } );
store: { path = "$folder/state/state.db"; };
control: { socket = "$folder/control"; };
C
chmod 600 "$folder/sipxmppd.cfg"
"$daemon" -c "$folder/sipxmppd.cfg" -e 2> "$folder/log" &
pid=$!

# the daemon is up when it answers
n=0
until "$ctl" -s "$folder/control" status > /dev/null 2>&1; do
	n=$((n + 1))
	if [ $n -gt 100 ]; then
		cat "$folder/log" >&2
		exit 1
	fi
	sleep 0.1
done
sleep 2

ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/"$pid"/task/*/status; }

ticks_before=$(ticks)
switches_before=$(switches)
sleep "$seconds"
printf 'in %s s: cpu %d ms, context switches %d\n' "$seconds" \
	$((($(ticks) - ticks_before) * 1000 / $(getconf CLK_TCK))) \
	$(($(switches) - switches_before))
