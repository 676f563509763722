//go:build unix

package acceptance_test

// failures are the tables of the page "How tokens are never lost", which "make generate" writes. TestFailures holds each row to its tests
// and to the words that the code has. What stands in curly quotes is said on a screen; … in them stands for what varies.
func failures() []failureGroup {
	return []failureGroup{
		failuresOfPlans(), failuresOfRuns(), failuresOfServers(), failuresOfDenials(), failuresOfStores(), failuresOfCopies(),
		failuresOfStates(), failuresOfPeople(),
	}
}

func failuresOfPlans() failureGroup {
	return failureGroup{title: "Plans and applies", rows: []failure{
		{
			what: "A plan that refreshed is discarded, fails because of another resource, or finds no changes, so that nobody applies it",
			see:  "“No changes. Your infrastructure matches the configuration.”",
			kept: "Everything. The successor was in the store before Terraform printed a line; the state is behind, and the next run takes it over.",
			do:   "Nothing.", tests: "TestTwelveDiscardedPlans TestSavedPlanDiscarded TestFositeDiscardedPlans TestScreensAuthorizationCode",
		},
		{
			what: "A saved plan is applied late, after other runs have refreshed",
			see:  "Nothing. A token that a *data source* read into that plan may have expired.",
			kept: "Everything: the apply takes what the store holds by then.",
			do:   "Nothing. Give consumers the ephemeral resource, which is opened again at apply.",
			tests: "TestSavedUpdateAppliedAfterOthersRotated TestSavedNoOpAppliedAfterOthersRotated TestSavedPlanWithoutChangesApplied " +
				"TestSavedPlanInAMovedStore",
		},
		{
			what: "Many plans and applies at once, on many machines, also with `-lock=false`",
			see:  "Nothing. One refreshes; the others use the token that still works, or wait.",
			kept: "Everything: one refresh for each expiry.",
			do:   "Nothing.", tests: "TestParallelPlans TestOtherRunHoldsTheClaim TestTerraformRace TestManyProcessesRefreshOnce",
		},
		{
			what: "`-refresh=false`, or a `-target` that leaves the pair out",
			see:  "Nothing. If the token store is another one by then: “Token Store Changed Since the Plan”",
			kept: "Everything: what is not read is not refreshed. Who asks for a token by the ephemeral resource still gets a fresh one.",
			do:   "Nothing; after a change of store, plan again without `-refresh=false`.", tests: "TestRefreshOptions TestDefaultStore",
		},
		{
			what: "`-refresh-only`",
			see:  "What has changed in the state. It prints no warnings about credentials, since Terraform plans nothing then.",
			kept: "Everything, as in any plan.",
			do:   "Run a plain plan to read the warnings.", tests: "TestRefreshOptions TestScreensAuthorizationCode",
		},
		{
			what: "A pair is tainted, replaced with `-replace`, or destroyed and made again with the code or token of before",
			see:  "“Used Before”, “… was used before and is not sent again.”",
			kept: "What was used is remembered. The tokens themselves were revoked by the destroy, as asked; `revoke_on_destroy = false` leaves them alone.",
			do:   "Open the new URL, or bring new tokens.",
			tests: "TestDestroyAndMakeAgain TestDestroyWithoutRevoking TestCallbackReplayed " +
				"TestScreensDestroy",
		},
		{
			what: "A destroy whose revocation is refused or not answered",
			see:  "“Unable to Destroy Token Pair”, “Whether its tokens still work is not known. Nothing was removed.”",
			kept: "The record, and the resource in the state.",
			do:   "Destroy again: a revocation can be repeated.", tests: "TestDestroyServerDown TestDestroyWaitsForABusyServer TestScreensDestroy",
		},
		{
			what: "Two resources, or two configurations, with one name",
			see:  "“The token store … holds a token pair … already, and another resource manages it.”",
			kept: "The credential, which was left alone.",
			do:   "Another name; or `terraform import`, if the former resource is gone. To *use* it from elsewhere, ask for it by its name.",
			tests: "TestNameTaken TestNameTakenBeforeTheFirstRead TestTwoConfigurationsShareAStore " +
				"TestScreensImport",
		},
		{
			what: "One code or refresh token in two resources, or in one that was renamed",
			see:  "“… was used before and is not sent again.”",
			kept: "The credential under the name that used it first.",
			do:   "Bring another one, or go back to the former name.", tests: "TestInputUsedUnderAnotherName TestBroughtAgainInAnotherStore",
		},
	}}
}

func failuresOfRuns() failureGroup {
	return failureGroup{title: "Runs that stop half way", rows: []failure{
		{
			what: "Ctrl-C, SIGTERM, a closed terminal, a Terraform that was killed: before the request",
			see:  "“The run was stopped while working on … Nothing was sent that could be lost. Run it again.”, or nothing",
			kept: "Everything: the claim is taken back.",
			do:   "Run it again.", tests: "TestCrashMatrix TestEngineCrashMatrix TestErrorBudgetWhenToldToEnd",
		},
		{
			what: "The same, after the request",
			see:  "Nothing. The provider's process ends a little later than Terraform.",
			kept: "Everything: it waits for the reply, and stores it.",
			do:   "Nothing.", tests: "TestCrashMatrix TestProxyInterruptedInARefresh TestCommandTokenStopped TestDrainLetsARefreshEnd",
		},
		{
			what: "`kill -9`, out of memory, power: before the claim, or after the commit",
			see:  "Nothing.", kept: "Everything.", do: "Nothing.", tests: "TestCrashMatrix TestEngineCrashMatrix",
		},
		{
			what: "The same, after the claim and before the request",
			see:  "“Outcome of a Refresh Unknown: …”",
			kept: "The refresh token. Nobody can tell from outside that it was not sent, so it counts as a lost reply: when the rules let it be sent once more, it works.",
			do:   "Run again after the time that the message names.",
			tests: "TestCrashMatrix TestEngineCrashMatrix TestIndependentServerRequestLost " +
				"TestFositeRequestLost",
		},
		{
			what: "The same, between the request and the commit",
			see:  "“A refresh of token pair … was sent, or may have been, and its reply never came. The refresh token may be used up.”",
			kept: "The access token, as long as it lives. Across a network also a reply that had arrived: see the next row.",
			do:   "What the message says; [When a reply is lost](single-use-refresh-tokens.md#when-a-reply-is-lost) has the rules.",
			lost: "**A reply that never reached this process, or died with it**, under `single_use`: the connection broke, or the provider was killed with SIGKILL or lost " +
				"power between the server's answer and the disk. A grace period on the server's side is the only cure.",
			tests: "TestCrashMatrix TestEngineCrashMatrix TestOutcomeUnknown",
		},
		{
			what: "The same with the reply in hand, and the store across a network",
			see:  "The next run: “Refresh Token Recovered”",
			kept: "The successor, in a [rescue file](single-use-refresh-tokens.md#rescue-files) of that machine.",
			do:   "Nothing. Keep the disk, or set `XDG_STATE_HOME` to a place that outlives the job.",
			lost: "**A rescue file that is thrown away** with its machine before any run has found it.",
			tests: "TestRegistrationCrashesWithRescueFile TestPostgresOutage TestRemoteStoreIsRescuedFirst TestRescueOnAnotherMachine " +
				"TestEveryRunLooksForRescueFilesFirst",
		},
		{
			what: "The machine sleeps or is paused between claim and request, for more than ten seconds",
			see:  "Nothing.",
			kept: "Everything: the wall clock *and* the monotonic clock are asked at the first byte, and a late request is not sent. Another claim follows.",
			do:   "Nothing.", tests: "TestLateRequestIsNotSent TestNotSentIsTriedAgainUnderNewClaims TestWithinAsksBothClocks",
		},
		{
			what: "A process stands still (SIGSTOP, a debugger) with the reply in hand, on the same machine",
			see:  "“A process on this machine has begun to refresh …, and stands still. It lives, and may have the new refresh token in hand.”",
			kept: "Everything: its lock says that it lives, so nobody else sends the token.",
			do:   "Let it go on (`kill -CONT`), then run again.", tests: "TestNoResendBesideALivingOwner TestStoppedOwnerKeepsTheHold TestCrashMatrix",
		},
		{
			what: "The same on another machine, for more than two minutes",
			see:  "“Outcome of a Refresh Unknown: …”",
			kept: "As after a lost reply: nothing tells the two apart from outside.",
			do:   "Let it go on: a successor that comes late counts, unless the token was sent once more meanwhile.",
			lost: "**A reply in the hands of a process that stands still on another machine** for longer than its claim holds, under `revoke_family`, once the access token " +
				"has expired: others then send the token once more.",
			tests: "TestCrashMatrix TestEngineCrashMatrix TestTakeOver",
		},
		{
			what: "Terraform dies after an apply has authorized, before it has written its state",
			see:  "The next apply: “Used Before”, “What the token store holds is used.”",
			kept: "The credential: the next apply adopts it and sends nothing.",
			do:   "Apply again.", tests: "TestApplyDiedAfterExchange TestRegisterAdoptsWhatAnApplyHasLeft TestRegistrationCrashes",
		},
	}}
}

func failuresOfServers() failureGroup {
	return failureGroup{title: "The server and the network", rows: []failure{
		{
			what: "The server cannot be reached: connection refused, DNS, TLS",
			see:  "“The authorization server was not reached for token pair …”, “Nothing was sent. The stored credential was not used up and still works.”",
			kept: "Everything. While the access token works, it is a warning: “The current access token still works and is used.”",
			do:   "Check the network and the endpoint, then run again.", tests: "TestScreensClient TestAnUntrustedServerGetsNothing TestHTTPWhereTLSWasExpected TestNotSentIsTriedAgainUnderNewClaims",
		},
		{
			what: "The reply is lost, and the old token still works: `rotation` is `none`, `new_old_valid`, `server_decides` or `until_successor_used`, or it is within its `grace_period`",
			see:  "“The server allows to send it again; the next run does.”, or nothing within a grace",
			kept: "Everything: the old token is sent again.",
			do:   "Nothing.",
			tests: "TestPresetDecidesAfterALostReply TestPlatformLostReplyBesideALiveToken " +
				"TestGraceIsUsedAtOnceUnderANewClaim",
		},
		{
			what: "The reply is lost, `single_use`, `on_reuse = \"reject\"`",
			see:  "“… if the first request never arrived, that saves the credential; if it did, the server refuses, and a person must authorize again.”",
			kept: "The access token, as long as it lives; the refresh token, if the request never arrived.",
			do:   "Run again after two minutes, which sends it once more. Or authorize again at once.", tests: "TestDecide TestPresetDecidesAfterALostReply TestCrashMatrix",
		},
		{
			what: "The reply is lost, `single_use`, `on_reuse = \"revoke_family\"` or not known",
			see:  "“… nothing is sent, because a second use may end every token of this authorization. The first run after that, when nothing is left to lose, sends it once more …”",
			kept: "The access token to its end: the token is sent once more only after that.",
			do:   "Wait, or authorize again at once.",
			tests: "TestOutcomeUnknown TestScreensUnknown TestIndependentServerReplyLost TestIndependentServerRequestLost TestFositeReplyLost " +
				"TestFositeRequestLost",
		},
		{
			what: "The reply is lost, `on_reuse = \"revoke_client_user\"`",
			see:  "“It is not sent again: a second use would end every token of this client and user …”",
			kept: "The access token, and every other credential of that client and user.",
			do:   "Authorize again.", tests: "TestScreensUnknown TestDecide",
			lost: "**A refresh of which nobody knows whether it was sent**, under `revoke_client_user`: the token of a process that died after its claim is never tried again.",
		},
		{
			what: "The server answers 5xx to a refresh",
			see:  "“… the server answered with an error that does not tell what became of it. The refresh token may be used up.”",
			kept: "As after a lost reply.", do: "As after a lost reply.", tests: "TestScreensClient TestJudgeClasses",
		},
		{
			what: "The reply breaks off, or is not well-formed",
			see:  "“Broken Reply From the Token Endpoint”, “Its refresh token could be read and is kept.”",
			kept: "The successor, if it came whole. With an access token alone it counts as a lost reply: a successor may have stood behind the cut.",
			do:   "Nothing.", tests: "TestSuccessorIsKeptWheneverItCanBeRead TestNotices TestCrashMatrix",
		},
		{
			what: "The server says that it is too early, or that there were too many requests (429)",
			see:  "“Refresh Put Off”, “… cannot be refreshed before …: the server asked to wait”",
			kept: "Everything. What a refusal as too early brings along is kept as well.",
			do:   "Nothing; the next run after that time refreshes.",
			tests: "TestServerAsksToWait TestPlatformTooEarly TestPlatformTooEarlyUntilExpiry TestPlatformTooEarlyWithASuccessor TestPlatformThrottled TestTokenCalls " +
				"TestScreensClient",
		},
		{
			what: "One more refusal would lock the client out",
			see:  "“Nothing is sent for token pair … before …: one more refusal would make the server lock the client out.”",
			kept: "Everything, and the client: the budget counts for all runs that share the store, also those that crash.",
			do:   "Find out why those calls were refused; run again after that time.",
			tests: "TestErrorBudget TestErrorBudgetOfParallelPlans TestErrorBudgetCrashMatrix TestPlatformLockedOut " +
				"TestProxyKeepsTheErrorBudget",
		},
	}}
}

func failuresOfDenials() failureGroup {
	return failureGroup{title: "What the server refuses", rows: []failure{
		{
			what: "A client secret, key or certificate was changed, or is wrong",
			see:  "“The authorization server does not accept the client of token pair …”, “The stored refresh token was not used up and still works.”",
			kept: "Everything.",
			do:   "Correct the client, and apply. Consumers of `.id` wait for that.",
			tests: "TestWrongClientSecret TestWrongPrivateKey TestRefusedCertificate TestFositeSecretRotation TestPlatformWrongSecret " +
				"TestScreensClient",
		},
		{
			what: "The refresh token is refused: it expired idle or by its absolute end, somebody took the authorization back, a password was changed",
			see:  "“The stored credential of token pair … no longer works: the authorization server refused it.”",
			kept: "The access token, as long as it lives. Plans go on; only who asks for a token gets an error.",
			do:   "Authorize again, by the URL in the message.",
			lost: "**What the platform ends by itself**: idle and absolute lifetimes, a changed password, an administrator. `refresh_token_policy` tells you beforehand where it can be known.",
			tests: "TestDeadCredential TestDeadRefreshTokenLiveAccessToken TestPlatformEnds TestPlatformAbsoluteEnd " +
				"TestScreensDead",
		},
		{
			what: "The refresh token will die idle within a week",
			see:  "“Refresh Token Dies Soon: …”",
			kept: "Everything, if anything runs in time: a plan in the last third of the idle lifetime refreshes it, though the access token still works.",
			do:   "Schedule a plan (under `at_apply`, an apply).", tests: "TestIdleRefreshTokenIsKeptAlive TestIdleRefreshTokenIsKeptAliveAtApply TestDeadlineWarnings TestScreensDeadlines",
		},
		{
			what: "A person must authorize again within 30 days, whatever is refreshed",
			see:  "“Authorization Ends Soon”", kept: "Everything until then; authorizing early interrupts nothing.",
			do: "Open the URL in the message before that day.", tests: "TestDeadlineWarnings TestScreensDeadlines TestPlatformAbsoluteEnd",
		},
		{
			what: "Another tool, or a person with a copy, used the same refresh token",
			see:  "“Authorization Required: …”, with the server's words, such as “invalid_grant: the refresh token was used before”",
			kept: "The access token, if the server lets it live.",
			do:   "Authorize again, and give no other tool the tokens of a pair.",
			lost: "**Somebody else who uses the same refresh token**: another tool, or a person with a copy. Adopt a token and use it nowhere else.",
			tests: "TestIndependentServerReuseByOthers TestIndependentServerCodeReplayedByOthers " +
				"TestScreensUnknown",
		},
		{
			what: "New `preauthenticated` tokens are mistyped or dead",
			see:  "“Brought Tokens Refused”, “The ones in use before still work and are in use again.”",
			kept: "The tokens in use.", do: "Bring others.", tests: "TestMistypedTokens TestScreensDead",
		},
		{
			what: "A platform or endpoint is mistyped, or the `client_id` turns out to be another",
			see:  "“Another Client”, or the refusal of that server",
			kept: "The tokens, unrevoked: a former endpoint or `client_id` gets them back.",
			do:   "Go back to the former configuration.", tests: "TestMistypedPlatformLosesNothing TestRule5UnknownClientNeverReplaces TestRule5ClientChangedBack",
		},
		{
			what: "An action, or a person at the server, revoked the pair",
			see:  "“Token Pair Revoked”, or “Authorization Required: …”",
			kept: "The record, and what was used.",
			do:   "Authorize again.", tests: "TestRevokeAction TestRevokedStaysRevoked TestScreensAuthorizationCode",
		},
	}}
}
