#!/bin/sh
# Gets an access token for Terraform's external data source. One at a time; the last reply is used until it is about to
# expire; a new one is on the disk, whole, before anybody sees it.
set -eu
umask 077
exec 9>lock
flock 9
now=$(($(date +%s) + ${MOVED:-0})) # MOVED is the benchmark's clock
if [ -f reply.json ] && [ "$(jq .expires_at reply.json)" -gt $((now + 60)) ]; then
	jq '{access_token}' reply.json
	exit
fi
reply=$(curl -sSf --max-time 60 "$TOKEN_ENDPOINT" -d grant_type=refresh_token -d client_id="$CLIENT_ID" \
	--data-urlencode client_secret="$CLIENT_SECRET" --data-urlencode refresh_token="$(jq -r .refresh_token reply.json)")
echo "$reply" | jq -e --argjson now "$now" 'select(.refresh_token) | .expires_at = $now + .expires_in' >reply.new
sync reply.new
mv reply.new reply.json
sync .
jq '{access_token}' reply.json
