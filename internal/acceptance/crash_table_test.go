//go:build unix

package acceptance_test

// fate is what must become of a credential whose refresh was struck at a place.
type fate struct {
	done     int      // refreshes that the server has carried out when the processes are gone
	statuses []string // after one apply, after the claim's TTL and another, and so on
	count    count    // in the end
}

const (
	active   = "active"
	unknown  = "outcome_unknown"
	required = "authorization_required"
)

// killed is for a process that dies at the place, and single-use refresh tokens. A claim that is left over counts as
// sent, so the token rests for the TTL; then it is sent once more, which saves it if the server has not seen it yet.
// If it has, that is reuse: refused, and believed after one more TTL.
//
// Only a reply that had not reached the disk is lost, and that is said.
var killed = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{1, 0, 1}},
	"after-claim":   {0, []string{unknown, active, active}, count{1, 0, 1}},
	"dial":          {0, []string{unknown, active, active}, count{1, 0, 1}},
	"handshake":     {0, []string{unknown, active, active}, count{1, 0, 1}},
	"body":          {0, []string{unknown, active, active}, count{1, 0, 1}},
	"read":          {0, []string{unknown, active, active}, count{1, 0, 1}},
	"held-before":   {0, []string{unknown, active, active}, count{1, 0, 2}},
	"sent":          {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"held-after":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"headers":       {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"half-reply":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"reply":         {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"before-commit": {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"after-commit":  {1, []string{active, active, active}, count{1, 0, 1}},
}

// killedAtFirst is the same for a refresh token that came without an access token, where a second use ends the family:
// nobody knows when the access token expires that is out there, so an hour is assumed. With the hour, what lives is
// refreshed in every apply.
var killedAtFirst = map[string]fate{
	"before-claim":  {0, []string{active, active, active}, count{3, 0, 1}},
	"after-claim":   {0, []string{unknown, active, active}, count{2, 0, 1}},
	"dial":          {0, []string{unknown, active, active}, count{2, 0, 1}},
	"handshake":     {0, []string{unknown, active, active}, count{2, 0, 1}},
	"body":          {0, []string{unknown, active, active}, count{2, 0, 1}},
	"read":          {0, []string{unknown, active, active}, count{2, 0, 1}},
	"held-before":   {0, []string{unknown, active, active}, count{2, 0, 2}},
	"sent":          {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"held-after":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"headers":       {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"half-reply":    {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"reply":         {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"before-commit": {1, []string{unknown, unknown, required}, count{1, 1, 2}},
	"after-commit":  {1, []string{active, active, active}, count{3, 0, 1}},
}

// killedInGrace is the same where the server takes a spent token for ten minutes more: the next run sends it again at
// once, and nothing is lost.
var killedInGrace = map[string]fate{
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
	"before-commit": {1, []string{active}, count{2, 0, 2}},
	"after-commit":  {1, []string{active}, count{1, 0, 1}},
}

// told is for a process that is told to end, or whose parent has died. Before the first byte it gives its claim back;
// from then on it finishes. Either way nothing is lost, and there is nothing to report.
var told = map[string]fate{
	"before-claim":  {0, []string{active}, count{1, 0, 1}},
	"after-claim":   {0, []string{active}, count{1, 0, 1}},
	"dial":          {0, []string{active}, count{1, 0, 1}},
	"handshake":     {0, []string{active}, count{1, 0, 1}},
	"body":          {0, []string{active}, count{1, 0, 1}},
	"read":          {1, []string{active}, count{1, 0, 1}},
	"held-before":   {1, []string{active}, count{1, 0, 1}},
	"sent":          {1, []string{active}, count{1, 0, 1}},
	"held-after":    {1, []string{active}, count{1, 0, 1}},
	"headers":       {1, []string{active}, count{1, 0, 1}},
	"half-reply":    {1, []string{active}, count{1, 0, 1}},
	"reply":         {1, []string{active}, count{1, 0, 1}},
	"before-commit": {1, []string{active}, count{1, 0, 1}},
	"after-commit":  {1, []string{active}, count{1, 0, 1}},
}

// heldUp is for a process that stands still for longer than send_by, while nobody else comes. What it has not sent by
// then it does not send any more: it takes its claim back, and sends under a new one. The rest ends as if nothing had
// happened.
var heldUp = map[string]fate{
	"before-claim":  {1, []string{active}, count{1, 0, 1}},
	"after-claim":   {1, []string{active}, count{1, 0, 1}},
	"dial":          {1, []string{active}, count{1, 0, 1}},
	"handshake":     {1, []string{active}, count{1, 0, 1}},
	"body":          {1, []string{active}, count{1, 0, 1}},
	"read":          {1, []string{active}, count{1, 0, 1}},
	"held-before":   {1, []string{active}, count{1, 0, 1}},
	"sent":          {1, []string{active}, count{1, 0, 1}},
	"held-after":    {1, []string{active}, count{1, 0, 1}},
	"headers":       {1, []string{active}, count{1, 0, 1}},
	"half-reply":    {1, []string{active}, count{1, 0, 1}},
	"reply":         {1, []string{active}, count{1, 0, 1}},
	"before-commit": {1, []string{active}, count{1, 0, 1}},
	"after-commit":  {1, []string{active}, count{1, 0, 1}},
}
