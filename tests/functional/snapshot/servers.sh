#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# servers.sh NACRE WRITERS - PostgreSQL, MariaDB and Redis work while their disk is copied, and start from the copy
#
# Real servers, on sockets of their own. Each is asked by clients that note what was acknowledged; a hook notes how far they were
# before the instant. Mounts of its own, but no process ids of its own: see convert.sh.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/place.sh"
nacre=$1 writers=$2
requires_root
postgres=$(find /usr/lib/postgresql -name initdb -printf '%h\n' 2>/dev/null | tail -n 1)
PATH=$PATH:/usr/sbin:$postgres
requires_program initdb pgbench pg_amcheck mariadbd mariadb-install-db redis-server redis-cli jq losetup addpart setpriv
size=640
make_place $size
chmod 711 "$work"
sockets=$work/sockets
mkdir -m 711 "$sockets"
mkdir -m 755 "$sockets"/{postgres,mysql,redis} "$work/hooks"
for name in postgres mysql redis; do
	mkdir "$on/$name"
	chown $name "$on/$name" "$sockets/$name"
done
chmod 755 "$mnt" "$on"
export NACRE_POSTGRESQL_SOCKETS=$sockets/postgres NACRE_MARIADB_SOCKET=$sockets/mysql/s NACRE_REDIS_SOCKET=$sockets/redis/s

as() # USER COMMAND...: it ends with the test
{
	local user=$1
	shift
	setpriv --reuid "$user" --regid "$user" --init-groups --pdeathsig KILL -- "$@"
}
wait_for() # COMMAND...
{
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}
psql_() { as postgres psql -XqAt -h "$sockets/postgres" -d postgres "$@"; }
sql_() { mariadb --no-defaults -BN -S "$sockets/mysql/s" -u root "$@"; }
redis_() { redis-cli -s "$sockets/redis/s" "$@"; }
serve() # USER LOG COMMAND...: in the background, so that $! is the server
{
	(exec setpriv --reuid "$1" --regid "$1" --init-groups --pdeathsig KILL -- "${@:3}" >"$work/$2" 2>&1) &
}
start_postgres() # DIRECTORY
{
	serve postgres postgres.log "$postgres/postgres" -D "$1/postgres" -k "$sockets/postgres" -c listen_addresses= \
		-c max_connections=20 -c shared_buffers=16MB -c min_wal_size=32MB -c max_wal_size=64MB
	postgres_pid=$!
}
start_mysql() # DIRECTORY
{
	serve mysql mysql.log mariadbd --no-defaults --datadir="$1/mysql" --socket="$sockets/mysql/s" --skip-networking \
		--pid-file="$sockets/mysql/pid" --innodb-log-file-size=8M --innodb-buffer-pool-size=24M \
		--innodb-flush-log-at-trx-commit=1
	mysql_pid=$!
}
start_redis() # DIRECTORY
{
	serve redis redis.log redis-server --port 0 --unixsocket "$sockets/redis/s" --unixsocketperm 777 --dir "$1/redis" --save ''
	redis_pid=$!
}
start_all() # DIRECTORY
{
	start_postgres "$1"
	start_mysql "$1"
	start_redis "$1"
	wait_for psql_ -c 'SELECT 1' && wait_for sql_ -e 'SELECT 1' && wait_for redis_ ping
}
# shellcheck disable=SC2317 # at exit
kill_all()
{
	[ -n "$postgres_pid" ] || return 0
	kill -QUIT $postgres_pid 2>/dev/null # it ends all its children
	kill -9 $mysql_pid $redis_pid 2>/dev/null
	wait $postgres_pid $mysql_pid $redis_pid 2>/dev/null
	postgres_pid=''
}

postgres_pid=''
as postgres "$postgres/initdb" -D "$on/postgres" --no-sync -A trust >"$work/initdb.log" 2>&1 || tap_note "$work/initdb.log"
mariadb-install-db --no-defaults --datadir="$on/mysql" --user=mysql --skip-test-db --auth-root-authentication-method=normal \
	--innodb-log-file-size=8M >"$work/mysql-init.log" 2>&1 || tap_note "$work/mysql-init.log"
at_exit kill_all
start_all "$on"
ok "PostgreSQL, MariaDB and Redis work on the disk" redis_ ping
as postgres pgbench -q -i -s 2 -h "$sockets/postgres" postgres >/dev/null 2>&1
psql_ -c 'CREATE TABLE promised (n int PRIMARY KEY)'
sql_ -e 'CREATE DATABASE t; CREATE TABLE t.promised (n INT PRIMARY KEY) ENGINE=InnoDB; CREATE TABLE t.plain (n INT PRIMARY KEY) ENGINE=MyISAM'

# Clients: what was answered is noted. They end when the file goes.
touch "$work/go"
n=0
(while [ -e "$work/go" ]; do n=$((n + 1)); psql_ -c "INSERT INTO promised VALUES ($n)" >/dev/null && echo $n >"$work/at.postgres"; done) 2>/dev/null &
(while [ -e "$work/go" ]; do n=$((n + 1)); sql_ -e "INSERT INTO t.promised VALUES ($n); INSERT INTO t.plain VALUES ($n)" && echo $n >"$work/at.mysql"; done) 2>/dev/null &
(while [ -e "$work/go" ]; do redis_ incr n >"$work/at.redis.new" && mv "$work/at.redis.new" "$work/at.redis"; done) 2>/dev/null &
as postgres pgbench -n -c 2 -T 60 -h "$sockets/postgres" postgres >"$work/pgbench" 2>&1 &
bench=$!
at_exit "rm -f '$work/go'; kill $bench 2>/dev/null"
wait_for test -s "$work/at.postgres" -a -s "$work/at.mysql" -a -s "$work/at.redis"
sleep 1

cp "$writers"/[0-9]* "$work/hooks"
cat >"$work/hooks/99-note" <<-END
	#!/bin/sh
	[ "\$1" = freeze ] || exit 0
	for name in postgres mysql redis; do cp "$work/at.\$name" "$work/noted.\$name"; done
END
chmod 755 "$work/hooks"/*
ok "the disk is converted while all of them work" \
	"$nacre" convert "$loop" "$out/web1" --no-check --json --hooks "$work/hooks" --require application
cp "$work/out" "$work/json"
tap_note "$work/json"
is "$(jq -r '[.hooks[] | select(.problem == "") | .name] | join(" ")' "$work/json")" \
	"10-postgresql 20-mariadb 30-redis 99-note" "every hook did its work"
later=$(cat "$work/at.mysql")
grown() { [ "$(cat "$work/at.mysql")" -gt "$later" ] && [ "$(redis_ get n)" -gt "$(cat "$work/noted.redis")" ]; }
ok "they go on after it" wait_for grown
rm -f "$work/go"
kill $bench
wait $bench 2>/dev/null
kill_all

ok "the copy mounts" mount_copy web1 $size
at_exit "umount -l '$work/copied'"
ok "all three start from the copy" start_all "$work/copied"
[ "$status" = 0 ] || tap_note "$work/postgres.log" "$work/mysql.log" "$work/redis.log"
noted() { cat "$work/noted.$1"; }
ok "PostgreSQL has every transaction that was acknowledged ($(noted postgres))" \
	test "$(psql_ -c "SELECT count(*) FROM promised WHERE n <= $(noted postgres)")" = "$(noted postgres)"
ok "and passes pg_amcheck" as postgres pg_amcheck -h "$sockets/postgres" --install-missing --heapallindexed -d postgres
ok "and its sums are right, as every transaction of pgbench is whole" \
	test "$(psql_ -c 'SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM pgbench_branches)')" = t
ok "MariaDB has every transaction that was acknowledged ($(noted mysql))" \
	test "$(sql_ -e "SELECT count(*) FROM t.promised WHERE n <= $(noted mysql)")" = "$(noted mysql)"
ok "and its table without transactions is whole" test "$(sql_ -e 'CHECK TABLE t.plain' | awk '{print $NF}')" = OK
ok "with all that was answered" test "$(sql_ -e "SELECT count(*) FROM t.plain WHERE n <= $(noted mysql)")" = "$(noted mysql)"
ok "Redis has every write that was answered ($(noted redis))" test "$(redis_ get n)" -ge "$(noted redis)"
kill_all
finish
