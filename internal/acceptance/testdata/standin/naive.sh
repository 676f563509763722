#!/bin/sh
# Gets an access token for Terraform's external data source; the refresh token lives in a file.
set -eu
reply=$(curl -sSf "$TOKEN_ENDPOINT" -d grant_type=refresh_token -d client_id="$CLIENT_ID" \
	--data-urlencode client_secret="$CLIENT_SECRET" --data-urlencode refresh_token="$(cat refresh_token)")
echo "$reply" | jq -r .refresh_token >refresh_token
echo "$reply" | jq '{access_token}'
