//go:build unix

package acceptance_test

// takenOver is for a process that is stopped beyond its claim's TTL, while others take over and send the token once
// more, which a spent one survives. What comes first: the others' apply; an apply after the stopped process has gone
// on; one an hour later, which refreshes what lives.
//
// A process that wakes up before it has sent anything sends nothing. One that wakes up with the whole reply, or finds it
// waiting in the kernel, overrides what the others believe. One that hears nothing more gives up. The moment between
// the last look at the clock and the system call that writes is the one in which a request can still go out late.
var takenOver = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{2, 0, 1}},
	"after-claim":   {0, []string{active, active, active}, count{2, 0, 1}},
	"dial":          {0, []string{active, active, active}, count{2, 0, 1}},
	"body":          {0, []string{active, active, active}, count{2, 0, 1}},
	"read":          {0, []string{active, active, active}, count{2, 1, 2}},
	"held-before":   {0, []string{active, active, active}, count{2, 0, 2}},
	"sent":          {1, []string{unknown, active, active}, count{2, 1, 2}},
	"held-after":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"headers":       {1, []string{unknown, active, active}, count{2, 1, 2}},
	"half-reply":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"reply":         {1, []string{unknown, active, active}, count{2, 1, 2}},
	"before-commit": {1, []string{unknown, active, active}, count{2, 1, 2}},
	"after-commit":  {1, []string{active, active, active}, count{2, 0, 1}},
}

// takenOverFatally is the same where the second use ends the family. The lock of the process that stands still shows that
// it lives, so the others take its claim over and send nothing. When it goes on, it stores the successor that it has, or
// sends for the first time. Only the token whose reply never came is sent again, when that process is gone.
var takenOverFatally = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{2, 0, 1}},
	"after-claim":   {0, []string{unknown, active, active}, count{2, 0, 1}},
	"dial":          {0, []string{unknown, active, active}, count{2, 0, 1}},
	"handshake":     {0, []string{unknown, active, active}, count{2, 0, 1}},
	"body":          {0, []string{unknown, active, active}, count{2, 0, 1}},
	"read":          {0, []string{unknown, active, active}, count{2, 0, 1}},
	"held-before":   {0, []string{unknown, active, active}, count{2, 0, 2}},
	"sent":          {1, []string{unknown, active, active}, count{2, 0, 1}},
	"held-after":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"headers":       {1, []string{unknown, active, active}, count{2, 0, 1}},
	"half-reply":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"reply":         {1, []string{unknown, active, active}, count{2, 0, 1}},
	"before-commit": {1, []string{unknown, active, active}, count{2, 0, 1}},
	"after-commit":  {1, []string{active, active, active}, count{2, 0, 1}},
}

// takenOverInGrace is the same where the server takes a spent token for ten minutes more, each time for a successor of
// its own. All of them work: that of the others, who came first, stays.
var takenOverInGrace = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{2, 0, 1}},
	"after-claim":   {0, []string{active, active, active}, count{2, 0, 1}},
	"dial":          {0, []string{active, active, active}, count{2, 0, 1}},
	"body":          {0, []string{active, active, active}, count{2, 0, 1}},
	"read":          {0, []string{active, active, active}, count{3, 0, 2}},
	"held-before":   {0, []string{active, active, active}, count{2, 0, 2}},
	"sent":          {1, []string{active, active, active}, count{3, 0, 2}},
	"held-after":    {1, []string{active, active, active}, count{3, 0, 2}},
	"headers":       {1, []string{active, active, active}, count{3, 0, 2}},
	"half-reply":    {1, []string{active, active, active}, count{3, 0, 2}},
	"reply":         {1, []string{active, active, active}, count{3, 0, 2}},
	"before-commit": {1, []string{active, active, active}, count{3, 0, 2}},
	"after-commit":  {1, []string{active, active, active}, count{2, 0, 1}},
}

// served is for a stopped process whose access token still works: the others use it and send nothing, however long it
// takes. When the process goes on, a request that was not sent is sent under a new claim, a successor in hand is stored,
// and only where the reply never came is the outcome unknown. That token is sent again when the access token has expired.
var served = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{2, 0, 1}},
	"after-claim":   {0, []string{active, active, active}, count{2, 0, 1}},
	"dial":          {0, []string{active, active, active}, count{2, 0, 1}},
	"handshake":     {0, []string{active, active, active}, count{2, 0, 1}},
	"body":          {0, []string{active, active, active}, count{2, 0, 1}},
	"read":          {0, []string{active, active, active}, count{2, 0, 1}},
	"held-before":   {0, []string{active, unknown, active}, count{1, 0, 2}},
	"sent":          {1, []string{active, active, active}, count{2, 0, 1}},
	"held-after":    {1, []string{active, unknown, required}, count{1, 1, 2}},
	"headers":       {1, []string{active, active, active}, count{2, 0, 1}},
	"half-reply":    {1, []string{active, unknown, required}, count{1, 1, 2}},
	"reply":         {1, []string{active, active, active}, count{2, 0, 1}},
	"before-commit": {1, []string{active, active, active}, count{2, 0, 1}},
	"after-commit":  {1, []string{active, active, active}, count{2, 0, 1}},
}
