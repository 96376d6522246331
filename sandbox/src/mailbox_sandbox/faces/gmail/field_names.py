"""Names that a ``fields`` selector may use (response schemas of gmail.v1, revision 20261005)."""

from __future__ import annotations

KNOWN = frozenset(
    """
    accessWindow action addLabelIds attachmentId autoExpunge backgroundColor body
    classificationLabelValues color criteria data delegateEmail delegates displayLanguage
    displayName disposition drafts emailAddress enableAutoReply enabled encryptedKeyPassword
    endTime excludeChats expiration expungeBehavior fieldId fields filename filter forward
    forwardingAddresses forwardingEmail from hasAttachment headers history historyId host id
    internalDate isDefault isPrimary issuerCn labelId labelIds labelListVisibility labels
    labelsAdded labelsRemoved maxFolderSize message messageListVisibility messages
    messagesAdded messagesDeleted messagesTotal messagesUnread mimeType name negatedQuery
    nextPageToken partId parts password payload pem pkcs12 port query raw removeLabelIds
    replyToAddress responseBodyHtml responseBodyPlainText responseSubject restrictToContacts
    restrictToDomain resultSizeEstimate securityMode selection sendAs sendAsEmail signature
    size sizeComparison sizeEstimate smimeInfo smtpMsa snippet startTime subject textColor
    threadId threads threadsTotal threadsUnread to treatAsAlias type username value
    verificationStatus
    """.split()
)
