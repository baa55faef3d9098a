-- A chat server with two accounts and the bridge as a component. Lines with @WORD@ are filled in by rig.py.
-- Loopback only, hence without TLS.
run_as_root = true
daemonize = false
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/prosody-data"
certificates = "@DIR@"
log = { { levels = { min = "debug" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = { @C2S_PORT@ }
s2s_ports = { }
component_interfaces = { "127.0.0.1" }
component_ports = { @COMPONENT_PORT@ }
modules_enabled = { "roster", "saslauth", "disco", "ping", "blocklist", "posix", "pep", "carbons" }
modules_disabled = { "s2s", "s2s_auth_certs", "tls" @NOT_LOADED@ }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
c2s_stanza_size_limit = 4194304
component_stanza_size_limit = 1048576

VirtualHost "chat.example"

Component "sip.chat.example"
	component_secret = "@SECRET@"
