package main

const opening = `# Benchmarks

What this provider costs, and what it spares, measured side by side in one run. ` + "`make bench`" + ` measures and writes this page anew; ` + "`make bench BENCH=Rotation`" + `
measures a part and prints it. Read the **ratios**: of two things that take turns in the same run, each ratio is of one turn, and the least, the median and
the greatest of all turns are given, and how many turns there were. The times are this machine's. Every figure stands in [what was measured](tools/benchreport/measured.txt), and the
benchmarks are [tests of the repository](internal/acceptance/bench_test.go).
`

const peopleIntro = `Each way does the same work, with the real ` + "`terraform`" + `, against a server whose refresh tokens work once and which ends the authorization when one is used
twice. Access tokens expire between any two steps. A run that fails is repeated at once, and again three hours later; if that fails too, a person logs in again.

- **careful script**: an ` + "`external`" + ` data source that runs [a script](internal/acceptance/testdata/standin/careful.sh) with ` + "`curl`" + `, as a careful engineer writes it: a lock, the
  access token kept until it expires, a new reply synced to the disk before it replaces the old one.
- **naive script**: [the same in three lines](internal/acceptance/testdata/standin/naive.sh), with the refresh token in a file.
- **refresh in Read**: [a resource](internal/acceptance/testdata/standin/token.go) that refreshes in Read and keeps the successor in the state alone.
- **` + "`http`" + ` data source**: it posts the refresh token of a variable in each run.

The data sources are stand-ins that do what the documentation of ` + "`hashicorp/external`" + ` and ` + "`hashicorp/http`" + ` says, since those could not be built here.`

// TestWordsFitWhatWasMeasured holds peopleAfter and graceAfter to the figures.
const peopleAfter = `What nobody has received nobody can use: under such a server a lost reply costs a login, whoever asked, and so does a process that is killed before it has read
the reply. Where only the request was lost, this provider finds out by sending the token once more when there is nothing left to lose; until then its runs fail. A careful
script on one machine that stays comes closest. What it lacks is the proof that the disk can be written *before* the token is spent, and the tokens of a reply that was cut off
behind them. It also encrypts nothing and shows nothing in a plan, and a CI runner that is thrown away takes its files along. The full disk is no
matter to refresh in Read in a plan, which writes nothing.`

const graceIntro = `Some servers take a refresh token a second time for a while after its first use. The work is the same, and so are the ways.`

const graceAfter = `Here a careful script on a machine that stays needs a person as seldom as this provider, and the naive one loses only what a full disk takes. Refresh in Read hardly profits: the second
use comes with the next run, and that is an hour later.`

const refreshIntro = `Many want the same credential, which has expired. One of them refreshes; the others wait, or use what it brought. The expected figure is 1, and another one fails the benchmark.`

const rotationIntro = `A refresh through the engine (claim, call, commit) beside one with ` + "`golang.org/x/oauth2`" + `, which calls the server and keeps nothing; ten of them make a turn. The server is the
sandbox on the same machine, so its call costs next to nothing, and a server across the internet would hide most of this. What the engine adds is
durability: two writes, each synced with its folder. The ratio follows the speed of the disk.`

const storesIntro = `One record of 2,000 bytes is read, and replaced by compare-and-swap; medians of 200. A write is on the disk before it returns.`

const operationsIntro = `What each operation of the PostgreSQL store costs with a record of 2,000 bytes, through a proxy that counts, without encryption. The server syncs its disk at each commit.`

const planIntro = "`terraform plan`" + ` with token pairs in a sealed file store, beside resources of a provider that does nothing: small ones of two attributes, and wide ones with the
attributes of a token pair, nested as they are there, of which the same have values. That provider turns the SDK's logs off and collects garbage seldom, as this one does. What
counts is the CPU time of ` + "`terraform`" + ` and provider. The first ratio is what a user feels; against the wide ones it leaves out what core and framework spend on attributes.
The pairs' server cannot be reached, so a plan that called it would fail. New pairs are pairs that no apply has made yet; a plan of them reads nothing. The 10,000 take
minutes, so they have one turn, and none before it to warm up.`

const startIntro = `The CPU time from starting the process to its handshake line, ten starts a turn; the most memory that a process has held by then; and the size of the program.
Beside it: a provider that does nothing, and ` + "`hashicorp/time`" + `, both built here as ours is, so a size is not that of a released file. 1 MB is 1,000,000 bytes.`

const proxyIntro = `A request through ` + "`oauth_api_proxy`" + `, with engine and sealed store, beside one through Go's bare ` + "`ReverseProxy`" + ` with pooled buffers. Client, API and proxies share the machine.`
