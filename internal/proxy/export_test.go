package proxy

import (
	"net/http"
	"net/url"
	"time"
)

// What the fuzz targets and tables reach for.

func Climbs(u *url.URL) bool { return climbs(u) }

func Below(upstream, asked *url.URL) *url.URL { return below(upstream, asked) }

func Relocated(upstream *url.URL, host string, from *url.URL, text string) string {
	return (&Proxy{o: Options{Upstream: upstream}, host: host}).relocated(from, text)
}

func Until(r *http.Response, now time.Time) (at time.Time, refused bool) { return until(r, now) }
