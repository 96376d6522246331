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
    "|atenciosamente|melhores cumprimentos|abraços|serdecznie pozdrawiam|z wyrazami szacunku"
    "|בברכה|בכבוד רב|בתודה|תודה וברכה|مع أطيب التحيات|مع خالص التحية|مع التحية|تحياتي"
    "|مع فائق الاحترام|وتفضلوا بقبول فائق الاحترام|よろしくお願いいたします|よろしくお願い致します"
    "|宜しくお願い致します|宜しくお願いいたします|よろしくお願いします|敬具|此致|敬礼|敬禮|顺颂商祺|祝好"
    "|감사합니다"
)
CLOSING = re.compile(rf"(?:{CLOSINGS})(?:[\s,.!،。、！–—-]|$)")
#: The closing must be nearly all of its line.
CLOSING_EXTRA = 24

_LEGAL = (
    r"(?:g?gmbh|mbh|ges\.?m\.?b\.?h\.?)(?: ?& ?co\.? ?(?:kg|ohg)(?:aa)?)?|ag|kg|kgaa|ohg|ug"
    r"|e\.? ?k\."
    r"|e\.? ?v\.|e\.? ?u\.|ltd\.?|limited|llc|l\.l\.c\.|inc\.?|corp\.?|corporation|plc|llp|pty|co\."
    r"|s\.?a\.?r\.?l\.?|sas|sasu|s\.a\.s\.(?:u\.)?|eurl|s\.a\.|sa|s\.? ?l\.? ?u\.?|s\.? ?l\.?"
    r"|s\.?r\.?l\.?s?\.?|s\.?p\.?a\.?|s\.?n\.?c\.?|b\.?v\.?|n\.?v\.?|v\.?o\.?f\.?|bvba|lda\.?|ltda\.?"
    r"|eireli|ab|a/s|aps|oyj?|sp\. ?z ?o\. ?o\.|sp\. ?[kj]\.|s\. ?r\. ?o\.|a\. ?s\.|kft\.?|zrt\.?"
    r"|d\.o\.o\.|a\.ş\.|ltd\. şti\.|ооо|оао|зао|тов|ε\.π\.ε\.|α\.ε\.|בע[\"״]מ|ذ\.م\.م\.?|ش\.م\.م\.?"
    r"|group|gruppe|groupe|holding"
)
#: Legal forms of scripts without spaces, and an Arabic one that stands in front.
_LEGAL_UNSPACED = (
    r"株式会社|有限会社|合同会社|（株）|㈱|有限公司|有限责任公司|股份公司"
    r"|주식회사|㈜|(?:^|\s)شركة\s"
)
LEGAL_FORM = re.compile(rf"(?:^|[\s,(])(?:{_LEGAL})(?:$|[\s,)])|{_LEGAL_UNSPACED}", re.IGNORECASE)
#: A company's name up to its legal form, before a comma.
LEGAL_END = re.compile(rf"[\s,(](?:{_LEGAL})\)?$|(?:{_LEGAL_UNSPACED}).{{0,20}}$", re.IGNORECASE)

_ROLES = (
    "manager|managing|director|head|chief|officer|president|founder|owner|partner|engineer"
    "|developer|maintainer|consultant|analyst|architect|designer|assistant|secretary|accountant|buyer"
    "|purchasing|procurement|sales|marketing|support|lead|specialist|coordinator|executive"
    "|representative|advisor|adviser|lawyer|attorney|ceo|cto|cfo|coo|cio|vp|supervisor|scientist"
    "|controller|administrator|technician|planner|researcher|professor|recruiter|solicitor"
    "|counsel|associate|principal"
    "|geschäftsführer|geschäftsführerin|geschäftsführung|leiter|leiterin|leitung|einkauf|vertrieb"
    "|buchhaltung|assistenz|sachbearbeiter|sachbearbeiterin|ingenieur|ingenieurin|berater"
    "|beraterin|inhaber|inhaberin|entwickler|entwicklerin|vorstand|prokurist|prokuristin"
    "|kundendienst|angestellte|angestellter|referent|referentin|techniker|technikerin"
    "|einkäufer|einkäuferin|disponent|disponentin|rechtsanwalt|rechtsanwältin|steuerberater"
    r"|\w{3,20}(?:leiter|leiterin|leitung|beraterin|berater)"
    "|directeur|directrice|responsable|chef|gérant|gérante|ingénieur|commercial|commerciale"
    "|acheteur|acheteuse|comptable|chargé|chargée|président|présidente|conseiller|conseillère"
    "|assistante|technicien|technicienne|secrétaire|gestionnaire|avocat|avocate"
    "|gerente|jefe|jefa|directora|ingeniero|ingeniera|contable|asesor|asesora|compras|ventas"
    "|técnico|técnica|administración|encargado|encargada|coordinador|coordinadora|comercial"
    "|direttore|direttrice|commercialista|revisore|responsabile|amministratore|ufficio|ingegnere|consulente|titolare"
    "|impiegato|impiegata|tecnico|addetto|addetta|segretaria|amministrazione"
    "|hoofd|medewerker|medewerkster|adviseur|inkoper|verkoop|inkoop|eigenaar|boekhouder"
    "|accountmanager|projectleider|teamleider|bedrijfsleider|beheerder|werkvoorbereider"
    "|diretor|diretora|engenheiro|engenheira|vendas|gestor|gestora|sócio|sócia|responsável"
    "|coordenador|coordenadora|assistente|consultor|consultora|administrador|administradora"
    "|dyrektor|kierownik|specjalista|specjalistka|prezes|księgowa|księgowy|inżynier|handlowiec"
    "|właściciel|właścicielka|asystent|asystentka|koordynator|doradca|przedstawiciel"
    "|ředitel|ředitelka|vedoucí|obchodní|jednatel|säljare|inköpare|verkställande|ekonom"
    "|direktør|salgschef|indkøber|daglig|leder|johtaja|päällikkö|myyntipäällikkö"
    "|igazgató|vezető|müdür|müdürü|uzmanı|директор|менеджер|руководитель|начальник|инженер"
    "|διευθυντής|υπεύθυνος"
    '|מנהל|מנהלת|מנכ["״]ל|סמנכ["״]ל|מהנדס|מהנדסת|יועץ|יועצת|רכז|רכזת|חשב|חשבת|נציג|נציגת'
    "|مدير|مديرة|مهندس|مهندسة|رئيس|رئيسة|مسؤول|مسؤولة|محاسب|محاسبة|مستشار|مستشارة|مندوب|مشرف"
)
#: Roles in scripts without spaces.
_ROLES_UNSPACED = (
    "代表取締役|取締役|社長|部長|次長|課長|係長|主任|店長|担当|マネージャー|エンジニア|ディレクター"
    "|经理|總經理|總監|总监|总裁|主管|主任|工程师|工程師|董事长|專員|专员|顾问|助理|대표|부장|과장|팀장"
)
ROLE = re.compile(
    rf"(?:^|[\s/&-])(?:{_ROLES})(?:$|[\s,/&:-])|(?:{_ROLES_UNSPACED})$", re.IGNORECASE
)

#: What follows a signature and is none.
BELOW = re.compile(
    r"(?:this (?:e-?mail|message|communication)|the (?:information|contents) (?:contained|in|of)"
    r"|disclaimer|confidential|notice:|diese (?:e-?mail|nachricht)|ce (?:message|courriel)"
    r"|este (?:mensaje|correo)|esta mensagem|este e-?mail|questo messaggio"
    r"|le informazioni contenute"
    r"|(?:dit|de informatie in dit) (?:bericht|e-?mail)|niniejsz|ta wiadomość|wiadomość ta"
    r"|sent from|get outlook|von meinem|gesendet (?:von|mit)|envoyé (?:de|depuis|à partir)"
    r"|enviado (?:desde|do|pelo|de)|inviato da|verzonden vanaf|wysłan[eo] z|נשלח מ|أُ?رسلت من"
    r"|发自|發自|(?:iphone|android)\S{0,12}送信|please consider|think before|denken sie an die"
    r"|pensez à l|sitz der gesellschaft|firmensitz|amtsgericht|registergericht|handelsregister"
    r"|geschäftsführ\w*:|vorstand:|aufsichtsrat|ust-?id|vat (?:no|reg)|registered (?:in|office|no)"
    r"|company (?:no|reg)|siège social|siret|r\.?c\.?s\.? |p\.? ?iva|partita iva|sede legale"
    r"|kvk|btw|krs|nip\b|regon|c\.?i\.?f\.?[ :]|n\.?i\.?f\.?[ :]|הודעה זו|هذه الرسالة"
    r"|本メール|本邮件"
    r"|virus-free|you received this|to unsubscribe|unsubscribe|\[cid:|<mailto)",
    re.IGNORECASE,
)
#: A telephone number that nobody answers.
FAX = re.compile(
    r"(?:^|[\s(/|])(?:tele)?fa(?:x|ks)|(?:^|\s)f\s?[:.]|^f\s|פקס|فاكس|传真|傳真", re.IGNORECASE
)
#: A number of a register or an account, which nobody can call.
REGISTER = re.compile(
    r"(?:^|\W)(?:p\.? ?iva|partita iva|c\.f\.|cod\.? fisc\w*|rea|reg\. ?imp\w*|vat|tax"
    r"|ust-?id\w*|steuer\w*|iban|bic"
    r"|konto|account|siret|siren|rcs|kvk|btw|nip|regon|krs|hr[ab]|n\.?i\.?f|c\.?i\.?f|nipc|cnpj|abn"
    r"|ein|ico|dič|ičo|order|invoice|ref|ח\.פ|法人番号|税号)(?:\W|$)",
    re.IGNORECASE,
)
#: Words that are small in the middle of a name.
PARTICLE = re.compile(
    r"v[oa]n|d[eiu]|de[rnl]|dell?a|d[ao]s?|l[ae]s?|el|al|bin|zur?|te[nr]|y|e|[’']t|d[’']\S+"
)
#: A group signs, nobody alone.
TEAM = re.compile(
    r"(?:^|\s)(?:team|équipe|equipo)$|^(?:the|das|die|your|ihr) .*team", re.IGNORECASE
)
MOBILE = re.compile(
    r"(?:^|[\s(/|])(?:mob|cell|handy|portable|port\b|móvil|telemóvel|telemovel|cellulare|gsm"
    r"|kom\b|komórk|m\s?[:.]|m\s\+?\d)|נייד|جوال|محمول|携帯|手机|手機|휴대",
    re.IGNORECASE,
)
#: A place where somebody lives or works.
PLACE = re.compile(
    r"\d|(?:^|\s)(?:str(?:eet|\.|aße|asse)?|road|lane|avenue|rue|via|viale|corso|calle|straat|ulica"
    r"|ul\.|plac|polígono|rua|av\.)(?:\s|$)|straße|strasse|gasse|platz|weg$|gracht$|straat$",
    re.IGNORECASE,
)
#: Sites that say nothing about a company.
SOCIAL = (
    "linkedin.", "facebook.", "twitter.", "//x.com", "instagram.", "xing.", "youtube.", "youtu.be",
    "t.me", "wa.me", "whatsapp.", "tiktok.", "pinterest.", "avast.", "avg.com", "calendly.",
    "goo.gl", "bit.ly", "aka.ms", "google.", "maps.", "zoom.us", "teams.", "trustpilot.",
    "unsubscribe", "mailchi.mp", "listinfo", "subscribe", "//lists.", "//groups.", "mailman",
)  # fmt: skip
