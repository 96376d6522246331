"""Words by which signatures are recognised, in several languages: closings, legal forms, roles.

Lists are matched against single short lines in lower case.
"""

from __future__ import annotations

import re

#: How a letter ends, before the name.
CLOSINGS = (
    "best regards|kind regards|warm regards|kindest regards|regards|best wishes|many thanks"
    "|thanks and regards|sincerely|yours sincerely|yours faithfully|yours truly|cheers|best"
    "|mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichen gruessen"
    "|freundliche grüße|freundliche grüsse|viele grüße|beste grüße|herzliche grüße|schöne grüße"
    "|liebe grüße|mfg|cordialement|bien cordialement|bien à vous|salutations distinguées"
    "|meilleures salutations|sincères salutations|cdlt|saludos cordiales|un saludo|saludos"
    "|atentamente|un cordial saludo|cordiali saluti|distinti saluti|cari saluti|saluti"
    "|met vriendelijke groet|met vriendelijke groeten|vriendelijke groeten|hartelijke groet"
    "|atenciosamente|com os melhores cumprimentos|cumprimentos|pozdrawiam|z poważaniem"
    "|s pozdravem|s přátelským pozdravem|med vänlig hälsning|vänliga hälsningar|med venlig hilsen"
    "|med vennlig hilsen|venlig hilsen|ystävällisin terveisin|üdvözlettel|tisztelettel|cu stimă"
    "|saygılarımla|iyi çalışmalar|с уважением|с наилучшими пожеланиями|з повагою|με εκτίμηση"
)
CLOSING = re.compile(rf"(?:{CLOSINGS})(?:[\s,.!–—-]|$)")
#: The closing must be nearly all of its line.
CLOSING_EXTRA = 24

_LEGAL = (
    r"gmbh(?: ?& ?co\.? ?kg)?|mbh|ag|kg|ohg|ug|e\.k\.|e\.v\.|ltd\.?|limited|llc|l\.l\.c\.|inc\.?"
    r"|corp\.?|corporation|plc|llp|pty|co\.|s\.?a\.?r\.?l\.?|sas|s\.a\.s\.|s\.a\.|sa|s\.l\.u?\.?|sl"
    r"|s\.?r\.?l\.?|s\.?p\.?a\.?|b\.?v\.?|n\.?v\.?|v\.?o\.?f\.?|bvba|lda\.?|ltda\.?|eireli|ab|a/s"
    r"|aps|oyj?|sp\. ?z ?o\. ?o\.|sp\. ?k\.|s\. ?r\. ?o\.|a\. ?s\.|kft\.?|zrt\.?|d\.o\.o\."
    r"|a\.ş\.|ltd\. şti\.|ооо|оао|зао|тов|ε\.π\.ε\.|α\.ε\.|group|gruppe|groupe|holding"
)
LEGAL_FORM = re.compile(rf"(?:^|[\s,(])(?:{_LEGAL})(?:$|[\s,)])", re.IGNORECASE)

_ROLES = (
    "manager|managing|director|head|chief|officer|president|founder|owner|partner|engineer"
    "|developer|consultant|analyst|architect|designer|assistant|secretary|accountant|buyer"
    "|purchasing|procurement|sales|marketing|support|lead|specialist|coordinator|executive"
    "|representative|advisor|lawyer|attorney|ceo|cto|cfo|coo|cio|vp"
    "|geschäftsführer|geschäftsführerin|geschäftsführung|leiter|leiterin|leitung|einkauf|vertrieb"
    "|buchhaltung|assistenz|sachbearbeiter|sachbearbeiterin|ingenieur|ingenieurin|berater"
    "|beraterin|inhaber|inhaberin|entwickler|entwicklerin|vorstand|prokurist|prokuristin"
    "|kundendienst|projektleiter|projektleiterin"
    "|directeur|directrice|responsable|chef|gérant|gérante|ingénieur|commercial|commerciale"
    "|acheteur|acheteuse|comptable|chargé|chargée|président|présidente|conseiller"
    "|gerente|jefe|jefa|directora|ingeniero|ingeniera|contable|asesor|asesora|compras|ventas"
    "|direttore|direttrice|responsabile|amministratore|ufficio|ingegnere|consulente|titolare"
    "|hoofd|medewerker|adviseur|inkoper|verkoop|inkoop|eigenaar|boekhouder"
    "|diretor|diretora|engenheiro|engenheira|vendas|gestor|gestora|sócio"
    "|dyrektor|kierownik|specjalista|prezes|księgowa|inżynier|handlowiec"
    "|ředitel|ředitelka|vedoucí|obchodní|jednatel|chef|säljare|inköpare|verkställande|ekonom"
    "|direktør|salgschef|indkøber|daglig|leder|johtaja|päällikkö|myyntipäällikkö"
    "|igazgató|vezető|müdür|müdürü|uzmanı|директор|менеджер|руководитель|начальник|инженер"
    "|διευθυντής|υπεύθυνος"
)
ROLE = re.compile(rf"(?:^|[\s/&-])(?:{_ROLES})(?:$|[\s,/&:-])", re.IGNORECASE)

#: What follows a signature and is none.
BELOW = re.compile(
    r"(?:this (?:e-?mail|message|communication)|the information (?:contained|in this)|disclaimer"
    r"|confidential|diese (?:e-?mail|nachricht)|ce (?:message|courriel)|este (?:mensaje|correo)"
    r"|questo messaggio|dit (?:bericht|e-?mail)|sent from|von meinem|gesendet von|envoyé de"
    r"|enviado desde|inviato da|verzonden vanaf|please consider|think before|denken sie an die"
    r"|pensez à l|amtsgericht|registergericht|handelsregister|ust-?id|vat no|\[cid:|<mailto)",
    re.IGNORECASE,
)
#: A telephone number that nobody answers.
FAX = re.compile(r"(?:^|[\s(/|])(?:tele)?fax|(?:^|\s)f\s?[:.]", re.IGNORECASE)
MOBILE = re.compile(
    r"(?:^|[\s(/|])(?:mob|cell|handy|portable|móvil|cellulare|gsm|kom\b|m\s?[:.])", re.IGNORECASE
)
#: A place where somebody lives or works.
PLACE = re.compile(
    r"\d|(?:^|\s)(?:str(?:eet|\.|aße|asse)?|road|avenue|rue|via|calle|straat|ulica|plac)(?:\s|$)"
    r"|straße|strasse|gasse|platz|weg$",
    re.IGNORECASE,
)
#: Sites that say nothing about a company.
SOCIAL = ("linkedin.", "facebook.", "twitter.", "x.com", "instagram.", "xing.", "youtube.", "t.me")
