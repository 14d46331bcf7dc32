"""The operations of a dossier that the officer's pages run, under the purpose of the dossier."""

SHEET = """
query ConsoleSheet($procedure: String!, $choices: [PrefillChoiceInput!]) {
  prefill(procedure: $procedure, choices: $choices) {
    procedure { name { vi en } }
    dossier
    at
    subjects { role id merged }
    blockedBy { label { vi en } role sure }
    answers {
      requirement { code label { vi en } kind holder askedOf evidence { vi en } }
      role
      items { requirement key }
      status
      reasons
      values {
        __typename
        recordId
        field
        display { vi en }
        source
        asOf
        linkStatus
        losingValues { text kind recordId field source asOf corrections { words { vi en } } }
        corrections { words { vi en } }
        ... on TextAnswer { text }
        ... on DateAnswer { date }
        ... on CodeAnswer { code }
        ... on NumberAnswer { number }
        ... on MoneyAnswer { amount }
      }
      none { label { vi en } source asOf }
    }
  }
  paperRequests { requirement role askedAt }
}
"""
LINK_EVIDENCE = """
query ConsoleLinkEvidence($record: ID!) {
  linkEvidence(record: $record) { field recordId step status method decidedBy evidence { comparison outcome } }
}
"""
OPEN_DOSSIER = """
mutation ConsoleOpenDossier($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code } } }
"""
END_DOSSIER = """
mutation ConsoleEndDossier($input: EndDossierInput!) { endDossier(input: $input) { dossier { code } } }
"""
KEEP_PREFILL = """
mutation ConsoleKeepPrefill($input: KeepPrefillInput!) { keepPrefill(input: $input) { snapshot { id } } }
"""
REQUEST_PAPER = """
mutation ConsoleRequestPaper($input: RequestPaperInput!) { requestPaper(input: $input) { request { askedAt } } }
"""
LIST_SNAPSHOTS = """
query ConsoleSnapshots { prefillSnapshots { id at occasion digest forgottenAt } }
"""
RERUN = """
query ConsoleRerun($id: ID!) {
  prefillSnapshot(id: $id) {
    at
    rerun {
      choicesHold
      changes { label { vi en } role items kind before now }
      newBlocks { label { vi en } role sure }
      endedBlocks { label { vi en } role sure }
    }
  }
}
"""
OPEN_CORRECTION = """
mutation ConsoleOpenCorrection($input: OpenCorrectionInput!) { openCorrection(input: $input) { correction { id } } }
"""
LIST_DOSSIERS = """
query ConsoleDossiers(
  $state: DossierState, $expiresBefore: DateTime, $purpose: String, $codePrefix: String, $mine: Boolean, $first: Int, $after: String
) {
  dossiers(
    state: $state, expiresBefore: $expiresBefore, purpose: $purpose, codePrefix: $codePrefix, mine: $mine, first: $first, after: $after
  ) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { code purpose office openedAt expiresAt endedAt outcome subjects { role found } }
  }
}
"""
