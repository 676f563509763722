//go:build unix

package acceptance_test

// The tables of a token store across a network. No lock proves the owner of a claim dead there, so the first apply comes
// when the claim's TTL has passed, and takes over at once what the tables of the file store let rest until then. Before
// the commit the reply lies in a rescue file: on the same machine the next run brings it home. "machine-gone" is for
// runners that are thrown away, rescue file and all.

var killedRemotely = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{1, 0, 1}},
	"after-claim":   {0, []string{active, active, active}, count{1, 0, 1}},
	"dial":          {0, []string{active, active, active}, count{1, 0, 1}},
	"handshake":     {0, []string{active, active, active}, count{1, 0, 1}},
	"body":          {0, []string{active, active, active}, count{1, 0, 1}},
	"read":          {0, []string{active, active, active}, count{1, 0, 1}},
	"held-before":   {0, []string{active, active, active}, count{1, 0, 2}},
	"sent":          {1, []string{unknown, required, required}, count{1, 1, 2}},
	"held-after":    {1, []string{unknown, required, required}, count{1, 1, 2}},
	"headers":       {1, []string{unknown, required, required}, count{1, 1, 2}},
	"half-reply":    {1, []string{unknown, required, required}, count{1, 1, 2}},
	"reply":         {1, []string{unknown, required, required}, count{1, 1, 2}},
	"before-commit": {1, []string{active, active, active}, count{1, 0, 1}},
	"machine-gone":  {1, []string{unknown, required, required}, count{1, 1, 2}},
	"after-commit":  {1, []string{active, active, active}, count{1, 0, 1}},
}

var killedInGraceRemotely = map[string]fate{
	"before-claim":  {0, []string{active}, count{1, 0, 1}},
	"after-claim":   {0, []string{active}, count{1, 0, 1}},
	"dial":          {0, []string{active}, count{1, 0, 1}},
	"body":          {0, []string{active}, count{1, 0, 1}},
	"read":          {0, []string{active}, count{1, 0, 1}},
	"held-before":   {0, []string{active}, count{1, 0, 2}},
	"sent":          {1, []string{active}, count{2, 0, 2}},
	"held-after":    {1, []string{active}, count{2, 0, 2}},
	"headers":       {1, []string{active}, count{2, 0, 2}},
	"half-reply":    {1, []string{active}, count{2, 0, 2}},
	"reply":         {1, []string{active}, count{2, 0, 2}},
	"before-commit": {1, []string{active}, count{1, 0, 1}},
	"machine-gone":  {1, []string{active}, count{2, 0, 2}},
	"after-commit":  {1, []string{active}, count{1, 0, 1}},
}

// takenOverRemotely and those below are for a process that is stopped beyond its claim's TTL: takenOver and its kin.
var takenOverRemotely = map[string]fate{
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
	"before-commit": {1, []string{active, active, active}, count{2, 0, 1}},
	"machine-gone":  {1, []string{unknown, active, active}, count{2, 1, 2}},
	"after-commit":  {1, []string{active, active, active}, count{2, 0, 1}},
}

// No lock shows there that a process which stands still lives: past its TTL it is like one that is gone, and its reply
// like one that is lost. The others send the token once more when the access token has expired, by the rule for a reply
// that does not come; who wakes up later brings a successor that no longer works.
var takenOverFatallyRemotely = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{2, 0, 1}},
	"after-claim":   {0, []string{active, active, active}, count{2, 0, 1}},
	"dial":          {0, []string{active, active, active}, count{2, 0, 1}},
	"handshake":     {0, []string{active, active, active}, count{2, 0, 1}},
	"body":          {0, []string{active, active, active}, count{2, 0, 1}},
	"read":          {0, []string{active, active, required}, count{1, 1, 2}},
	"held-before":   {0, []string{active, active, active}, count{2, 0, 2}},
	"sent":          {1, []string{unknown, active, required}, count{1, 1, 2}},
	"held-after":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"headers":       {1, []string{unknown, active, required}, count{1, 1, 2}},
	"half-reply":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"reply":         {1, []string{unknown, active, required}, count{1, 1, 2}},
	"before-commit": {1, []string{active, active, active}, count{2, 0, 1}},
	"machine-gone":  {1, []string{unknown, active, required}, count{1, 1, 2}},
	"after-commit":  {1, []string{active, active, active}, count{2, 0, 1}},
}

// overtakenOnPostgres are the places at which that happens to a reply that is still to come.
var overtakenOnPostgres = []string{"read", "sent", "headers", "reply", "machine-gone"}

var takenOverInGraceRemotely = map[string]fate{
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
	"before-commit": {1, []string{active, active, active}, count{2, 0, 1}},
	"machine-gone":  {1, []string{active, active, active}, count{3, 0, 2}},
	"after-commit":  {1, []string{active, active, active}, count{2, 0, 1}},
}

// toldRemotely is told: a process that is told to end puts everything in order, and no rescue file is left.
var toldRemotely = map[string]fate{
	"before-claim":  {0, []string{active}, count{1, 0, 1}},
	"after-claim":   {0, []string{active}, count{1, 0, 1}},
	"dial":          {0, []string{active}, count{1, 0, 1}},
	"body":          {0, []string{active}, count{1, 0, 1}},
	"read":          {1, []string{active}, count{1, 0, 1}},
	"held-before":   {1, []string{active}, count{1, 0, 1}},
	"sent":          {1, []string{active}, count{1, 0, 1}},
	"held-after":    {1, []string{active}, count{1, 0, 1}},
	"headers":       {1, []string{active}, count{1, 0, 1}},
	"half-reply":    {1, []string{active}, count{1, 0, 1}},
	"reply":         {1, []string{active}, count{1, 0, 1}},
	"before-commit": {1, []string{active}, count{1, 0, 1}},
	"machine-gone":  {1, []string{active}, count{1, 0, 1}},
	"after-commit":  {1, []string{active}, count{1, 0, 1}},
}
