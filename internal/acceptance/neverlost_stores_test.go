//go:build unix

package acceptance_test

func failuresOfStores() failureGroup {
	return failureGroup{title: "The token store", rows: []failure{
		{
			what: "It cannot be reached or written before the request: no network, read-only, full, no permission",
			see:  "“The token store … could not be used for token pair …”, “Nothing was sent. The stored credential was not used up and still works.”",
			kept: "Everything: the claim, which comes first, has failed. An access token that can be read and still works is used.",
			do:   "Make the store reachable and writable, then run again.",
			tests: "TestStoreNotWritable TestStoreNotWritableAtFirst TestPostgresOutage TestPostgresReadOnly TestPostgresFull " +
				"TestRealWriteFailure TestUnwritableStoreSpendsNothing",
		},
		{
			what: "It fails between the request and the commit: the disk is full, the database went away",
			see:  "“New Refresh Token Not in the Token Store”, “It is kept in …; the next run on this machine, by the same user, puts it into the store. Do not delete that file.”",
			kept: "The successor: after 45 seconds of trying, in a [rescue file](single-use-refresh-tokens.md#rescue-files). The run ends well and uses its token.",
			do:   "Mend the store; then run anything once, on that machine: “Refresh Token Recovered”.",
			tests: "TestRescue TestPostgresFull TestPostgresOutage " +
				"TestSuccessorThatNoStoreTook",
		},
		{
			what: "The same, and no rescue file can be written either",
			see:  "“It is in this run's result only: let the run finish, and apply it.”; with `secrets_in_state = false` “It could be kept nowhere, and is lost when this run ends …”",
			kept: "The successor in the result of the run, if the state may hold it.",
			do:   "Let an apply finish, or apply the plan.",
			lost: "**A reply that could be written nowhere**: the store failed for 45 seconds, no rescue file could be written, and the run's own result, which holds the token unless " +
				"`secrets_in_state = false`, was not applied.",
			tests: "TestSuccessorInMemoryAlone TestNotices TestSimulation",
		},
		{
			what: "The rescue folder cannot be written, while a store across a network works",
			see:  "“No Rescue File”, “The refresh itself went well.”",
			kept: "Everything, this time.",
			do:   "Make the folder writable that the message names.", tests: "TestNotices TestRescueDirUsesTheNextFolder TestRescueDirs",
		},
		{
			what: "A file in the store is damaged",
			see:  "“malformed file in the token store”, or “the record is damaged”",
			kept: "The file: it is neither taken for absent nor written over. Nothing is sent.",
			do:   "Restore that file from a backup; see the rows about backups below.", tests: "TestMalformedFile TestDamagedFile TestBitFlips",
		},
		{
			what: "The key is missing or is another one",
			see:  "“no key opens the record”, with the fingerprint of the key that is needed",
			kept: "The record, unchanged. Nothing is sent.",
			do:   "Give the key that sealed it in `token_store_key` or `OAUTH_TOKEN_STORE_KEY`.", tests: "TestSealedStore TestNoKey TestKeyRotation TestScreensStores",
		},
		{
			what: "The key is lost for good",
			see:  "As above",
			kept: "What the state holds, if it holds tokens and is up to date: an apply with another `token_store` writes it there.",
			do:   "Authorize again in a new store. Keep the key where you keep such things.",
			lost: "**A lost key** of a sealed store, while the state is behind it or holds no tokens.", tests: "TestSealedStore TestStoreLost",
		},
		{
			what: "The store is the default folder of a CI runner that is thrown away",
			see:  "“Token Store on a CI Runner's Own Disk”",
			kept: "Everything until the runner goes; then as for a lost store.",
			do:   "Set `token_store` to [PostgreSQL](shared-token-store.md), or to a folder that outlives the runner.", tests: "TestDefaultStore TestStandingWarnings",
		},
		{
			what: "Somebody uses the wrong store: a laptop without `OAUTH_TOKEN_STORE`, a mistyped path",
			see:  "“Credential Not in the Token Store”, “Nothing was refreshed or sent; the state is used as it is.”; an apply on the default store fails: “Credential Lives in Another Token Store”",
			kept: "Everything, in the store where it is.",
			do:   "Set `token_store` or `OAUTH_TOKEN_STORE`.",
			tests: "TestWrongStore TestSameNameInWrongStore TestDestroyInWrongStore TestTombstoneInWrongStore TestDefaultStore " +
				"TestScreensStores",
		},
	}}
}

func failuresOfCopies() failureGroup {
	return failureGroup{title: "Stores that are lost, restored or moved", rows: []failure{
		{
			what: "The store is lost, and the state holds the newest tokens",
			see:  "“Credential Not in the Token Store”, “If the store is new or was lost, apply: that writes the credential of the state into it.”",
			kept: "Everything, in the state.",
			do:   "Apply, with `token_store` set.", tests: "TestStoreLost TestTombstoneDoesNotEraseTheState TestRegistrationStoreLost TestScreensStores",
		},
		{
			what: "The store is lost, and the state is behind (the last refresh was in a plan that nobody applied) or holds no tokens",
			see:  "“Credential Not in the Token Store”; with `secrets_in_state = false` “If the store is new or was lost, its tokens are not in the state either …”; after the apply “Authorization Required: …”",
			kept: "The access token of the state, if it is there and still works.",
			do:   "Authorize again. Back the store up, and apply now and then.",
			lost: "**A lost store** while the state is behind it, or holds no tokens.", tests: "TestStoreLostForGood",
		},
		{
			what: "The store is restored from a backup, and the state is ahead of it",
			see:  "Nothing: the plan heals the store from the state. Without the record: “It may have been restored from an older backup.”",
			kept: "Everything. Nothing old is sent.",
			do:   "Plan once with every configuration before anything else runs; apply where the plan says so.",
			tests: "TestStoreRestoredFromBackup TestSharedTokenStoreGuide TestStoreRestoredWithoutRecord TestRegistrationStoreRestored " +
				"TestRestoredAsideIsHealed",
		},
		{
			what: "The same with `secrets_in_state = false`",
			see:  "“The refresh token in it is used up, and the state keeps no other. If a newer copy of the store is left, put it back.”",
			kept: "The access token. What the backup holds is not sent.",
			do:   "Put a newer copy back, or authorize again.", tests: "TestStoreRestoredWithoutSecretsInState",
		},
		{
			what: "The store is restored, and the state is as old as it",
			see:  "Nothing at first: nobody can tell. After the next refresh “Authorization Required: …”",
			kept: "Nothing can be: the spent token is sent, and the server takes that for reuse.",
			do:   "Restore a database to the moment of the failure (archived WAL).",
			lost: "**A restored store and a state of the same age.**", tests: "TestStoreRestoredBesideAStateOfItsAge TestIndependentServerReuseByOthers",
		},
		{
			what:  "Two copies of a store are in use, or a former store still is",
			see:   "In a former store “Credential in Another Token Store”, “If the credential was moved here, apply: from then on this store counts, and the other one must not be used again.”; in a copy nothing, until “Authorization Required: …”",
			kept:  "In a former store everything, as long as only plans run there: they send nothing. A copy has the same id, so nobody can tell it: each spends the other's token.",
			do:    "Use one store. `terraform-provider-oauth move` leaves no copy that works.",
			lost:  "**Two copies of a store**, or two stores that were filled from one state, each used by somebody: each spends what the other one needs.",
			tests: "TestPlanAgainstFormerStore TestLateSuccessorOfACopy",
		},
		{
			what: "A move between stores is interrupted, or the former store is asked",
			see:  "“… is between two token stores”, “Credential Moved”",
			kept: "Everything: at no time can both stores use it.",
			do:   "Run the move again; set `token_store` to the store that the message names.",
			tests: "TestMoveStopped TestMoveUnderFaults TestMoveStore TestFileToPostgresAndBack " +
				"TestRegistrationMoves",
		},
	}}
}

func failuresOfStates() failureGroup {
	return failureGroup{title: "The Terraform state", rows: []failure{
		{
			what: "The state is lost, or a new workspace begins",
			see:  "“… already, and another resource manages it.”, “If that resource is gone (a lost or new state), take it over …”",
			kept: "Everything, in the store.",
			do:   "`terraform import oauth_token_pair.crm crm`", tests: "TestStateLost TestImport TestImportRegistration TestScreensImport",
		},
		{
			what: "An old state is pushed back or restored",
			see:  "Nothing: the store wins. If the name was made anew since: “Another Resource Manages the Name”",
			kept: "Everything.", do: "Nothing; in the second case use the current state.", tests: "TestStatePushedBack TestOldStateOfARemadeName",
		},
		{
			what: "Another configuration has destroyed the pair",
			see:  "“… was destroyed from elsewhere; the token store … keeps no token of it.”",
			kept: "What was used, by hash. The tokens were revoked, as asked.",
			do:   "Apply to make it anew, and authorize.", tests: "TestDestroyedFromElsewhere TestScreensDestroy",
		},
		{
			what: "`token_store = \"state\"`: a plan that refreshes is discarded, an apply dies, the state is lost",
			see:  "In every run, beforehand: “Single-Use Refresh Token Kept in the State Only”",
			kept: "Only what an apply has written. With `refresh.strategy = \"at_apply\"` plans spend nothing.",
			do:   "Use a store, or `at_apply`.",
			lost: "**`token_store = \"state\"`** with a single-use token: any refresh in a plan that is not applied.",
			tests: "TestStateOnly TestStateOnlyAtApply TestStateOnlyCodeIsSentOnce " +
				"TestScreensStateOnly",
		},
	}}
}

func failuresOfPeople() failureGroup {
	return failureGroup{title: "Authorizations, registrations, clocks and versions", rows: []failure{
		{
			what: "A person says no, comes back with an old URL, or from another browser",
			see:  "“The authorization server answered the visit for token pair … with an error instead of a code …”, “The state of the callback URL is not one that is waiting.”",
			kept: "Everything; tokens of an earlier authorization stay in use.",
			do:   "Open the URL again: it stays good.", tests: "TestCallbackRefused TestReauthorizationFailed TestScreensAuthorizationCode",
		},
		{
			what: "The authorization is interrupted while a person is in the browser",
			see:  "Nothing, or that nobody came in time",
			kept: "The URL and its secrets, in the store.",
			do:   "Run it again: it waits for the same answer.", tests: "TestAuthorizeActionStopped TestAuthorizationURLIsStableUntilUsedOrChanged",
		},
		{
			what: "A code was sent, and no answer came",
			see:  "“The code for … was sent, or may have been, and no usable reply came.”, “A code is never sent twice, so a new one is needed.”",
			kept: "The tokens of an earlier authorization, in use as before.",
			do:   "Open the new URL.", tests: "TestReauthorizationFailed TestExchangeUnderFaults TestExchangeFaults",
		},
		{
			what: "A device code was confirmed, and the reply with the tokens is lost",
			see:  "“Device Code Lost”",
			kept: "The tokens of an earlier authorization.",
			do:   "Confirm the new code.", tests: "TestDeviceCodeLost TestPollDeviceUnderFaults",
		},
		{
			what: "The reply to a registration is lost (RFC 7591)",
			see:  "“The server may have made a client whose client_id nobody knows.”, then “A Client May Have Been Left at the Server”",
			kept: "What was asked for: the next apply registers again.",
			do:   "Apply again; have the other client deleted, if the server lists its clients.", tests: "TestRegistrationReplyLost TestRegistrationCrashes TestScreensRegistration",
		},
		{
			what: "The reply to a read or an update of a registration is lost, at a server that rotates its access token",
			see:  "“Management of the Registration Lost”",
			kept: "The client, its secret and all token pairs.",
			do:   "Nothing as long as it works; the message says how to register another client.",
			tests: "TestRegistrationReadLost TestRegistrationUpdateLost " +
				"TestIndependentServerRegistrationReplyLost",
		},
		{
			what: "The reply to `client_credentials`, or to another grant that needs no person, is lost",
			see:  "“Token Pair Not Refreshed”, or nothing",
			kept: "Nothing was used up.", do: "Nothing: the next run asks again.", tests: "TestClientCredentialsLost TestPasswordGrantLost TestLostReplyToAnAssertion",
		},
		{
			what: "The clock of a machine is minutes off",
			see:  "Nothing. With a signed assertion: “The clock of this machine is … ahead of the server's”",
			kept: "Everything: PostgreSQL's own clock decides, and nobody relies on another machine's.",
			do:   "Set the clock right.", tests: "TestClockSkewBetweenRunners TestStoreClockDecides TestClocksApart TestAssertionsByAWrongClock",
		},
		{
			what: "An older provider meets a record that a newer one has written",
			see:  "“a newer version of the provider wrote it”, “The credential is intact: nothing was sent, and the record is unchanged.”",
			kept: "Everything: what it cannot read it does not touch.",
			do:   "Upgrade the provider where it is old: [Versions and upgrades](versions-and-upgrades.md).",
			tests: "TestNewerRecordIsLeftAlone TestNoOperationTouchesANewerRecord TestNewerCompanionsStopARefresh " +
				"TestGoldenRecords",
		},
		{
			what: "The provider's own settings are not known in the plan",
			see:  "“Provider Configuration Not Known Yet”",
			kept: "Everything: the pair is neither read nor refreshed in that plan.",
			do:   "Nothing, or take settings that are known.", tests: "TestRule9UnknownProvider TestRule9UnknownKey",
		},
	}}
}
