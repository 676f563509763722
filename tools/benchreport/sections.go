package main

// section is one table of the report.
type section struct {
	title string
	intro string
	plot  string // a file in assets, and what it shows
	alt   string
	rows  []row    // benchmarks by their names
	cols  []column // metrics by their units
	turn  bool     // benchmarks are the columns
	head  string   // of the first column
	after string
}

type row struct{ bench, label string }

type column struct{ unit, label string }

var spread = []column{{"turns", "turns"}, {"ratio-min", "ratio, least"}, {"ratio", "**median**"}, {"ratio-max", "most"}}

func sections() []section {
	return []section{
		people("What people do instead", "strict", peopleIntro, "bench-people.svg",
			"Bars: how often a person had to log in again during the same work, for each way, against a strict server and one with a grace period.", peopleAfter),
		people("The same work where a second use is forgiven for a minute", "grace", graceIntro, "", "", graceAfter),
		{
			title: "Refreshes for each expiry", head: "who asks", intro: refreshIntro,
			rows: []row{
				{"PlansAtOnce", "plans at once, each a process of its own, files"},
				{"RefreshesPerExpiry", "askers in 8 managers of one process, files"},
				{"ThousandAskers", "askers in 20 managers of one process, PostgreSQL"},
			},
			cols: []column{{"askers", "askers"}, {"expiries", "expiries"}, {"refreshes/expiry", "**refreshes for each expiry**"}, {"reuses", "tokens used twice"}},
		},
		{
			title: "A rotation", head: "store", intro: rotationIntro, plot: "bench-ratios.svg",
			alt:  "Ranges on a logarithmic scale: for each comparison the least, the median and the greatest ratio.",
			rows: []row{{"Rotation/file", "files, without a key"}, {"Rotation/sealed", "files, sealed"}, {"Rotation/postgres", "PostgreSQL, sealed"}},
			cols: append([]column{{"engine-ms", "10 through the engine, ms"}, {"bare-ms", "10 with x/oauth2, ms"}}, spread...),
		},
		{
			title: "Stores", head: "store", intro: storesIntro,
			rows: []row{{"Stores/file", "files, without a key"}, {"Stores/sealed", "files, sealed"}, {"Stores/postgres", "PostgreSQL, sealed"}},
			cols: []column{{"read-ms", "a read, ms"}, {"reads/s", "reads/s"}, {"write-ms", "a write, ms"}, {"writes/s", "writes/s"}},
		},
		{
			title: "PostgreSQL, operation by operation", head: "operation", intro: operationsIntro,
			rows: []row{{"Operations/create", "create"}, {"Operations/get", "get"}, {"Operations/replace", "replace"}, {"Operations/delete", "delete"}},
			cols: []column{{"us", "µs"}, {"round-trips", "round trips"}, {"bytes-out", "bytes sent"}, {"bytes-in", "bytes received"}},
		},
		{
			title: "32 rotations at once", head: "", intro: "32 credentials are rotated at the same time: through PostgreSQL, and beside it through files. Both are sealed.",
			rows: []row{{"Throughput", "32 rotations"}},
			cols: append([]column{{"postgres-32-ms", "PostgreSQL, ms"}, {"file-32-ms", "files, ms"}}, spread...),
		},
		{
			title: "Many pairs in a plan", head: "plan", intro: planIntro,
			rows: []row{
				{"Plan/1000_fresh/small", "1,000 applied pairs; 1,000 resources of two attributes"},
				{"Plan/1000_fresh/wide", "1,000 applied pairs; 1,000 resources as wide as a pair"},
				{"Plan/1000_new", "1,000 new pairs; 1,000 as wide"},
				{"Plan/10000_new", "10,000 new pairs; 10,000 as wide"},
			},
			cols: append([]column{{"token-pairs-ms", "pairs, CPU ms"}, {"no-op-ms", "resources that do nothing, CPU ms"}}, spread...),
		},
		{
			title: "Start-up", head: "beside", intro: startIntro,
			rows: []row{{"StartUp/bare", "a framework provider that does nothing"}, {"StartUp/hashicorp_time", "`hashicorp/time` 0.14.2"}},
			cols: append([]column{
				{"provider-ms", "10 starts, CPU ms"}, {"bare-ms", "of the other, ms"}, {"provider-memory-MB", "memory, MB"}, {"bare-memory-MB", "of the other, MB"},
				{"provider-MB", "binary, MB"}, {"bare-MB", "of the other, MB"},
			}, spread...),
		},
		{
			title: "The proxy", head: "load", intro: proxyIntro,
			rows: []row{{"Proxy/OneByOne", "one request after another"}, {"Proxy/AtOnce", "32 at once, 2 KiB each"}, {"Proxy/Large64MiB", "a reply of 64 MiB"}},
			cols: append([]column{{"added-us/request", "added to a request, µs"}, {"proxy-requests/s", "requests/s"}, {"bare-requests/s", "of the bare one"}}, spread...),
		},
	}
}

// people is the table of the alternatives against one kind of server.
func people(title, kind, intro, plot, alt, after string) section {
	s := section{title: title, head: "times that a person was needed", intro: intro, plot: plot, alt: alt, turn: true, after: after, cols: []column{
		{"people-ten_runs", "ten runs an hour apart: seven plans thrown away, three applies"},
		{"people-two_at_once", "two plans at once"},
		{"people-request_lost", "a request that is lost on the way"},
		{"people-reply_cut", "a reply that is cut off behind the tokens"},
		{"people-disk_full", "a full disk under the store, or the script's files"},
		{"people-reply_lost", "a reply that is lost"},
		{"people-kill_9", "`kill -9` when the server has answered and nobody has read it"},
		{"people", "**in all**"},
		{"failed-runs", "runs that failed"},
		{"refreshes", "refreshes"},
		{"reuses", "tokens used twice, as the server counts"},
		{"alive-at-the-end", "the last plan of all found the credential alive (1)"},
	}}
	for _, w := range ways {
		s.rows = append(s.rows, row{"Alternatives/" + kind + "/" + w.bench, w.label})
	}
	return s
}

var ways = []row{
	{"oauth_token_pair", "this provider"}, {"script_careful", "careful script"}, {"script_naive", "naive script"},
	{"refresh_in_read", "refresh in Read"}, {"http_data_source", "`http` data source"},
}
