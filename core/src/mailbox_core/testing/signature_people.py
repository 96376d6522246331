"""People of many languages and how they sign, made up for tests (no real person or company).

Telephone numbers are written as people of the country write them; those that national regulators
keep for fiction are used where there are any.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """How mail is written in one language: what stands around signatures. ``labels`` are telephone,
    mobile, fax and web site."""

    region: str
    text: str
    closing: str
    labels: tuple[str, str, str, str]
    sent_from: str
    disclaimer: str
    wrote: str
    #: From, Sent, To, Subject
    block: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs; ``phone``, ``mobile`` and ``fax`` as they are written nationally."""

    manner: str
    name: str
    role: str
    company: str
    domain: str
    place: str
    phone: str
    mobile: str
    fax: str


MANNERS = {
    "en": Manner(
        "GB",
        "Hi all,\n\ncould you send the price list for 2026 by Friday? We need 12 of them.",
        "Kind regards,",
        ("Tel", "Mobile", "Fax", "Web"),
        "Sent from my iPhone",
        "This email and any files transmitted with it are confidential and intended solely for the"
        " addressee. If you are not our Customer Manager, call +44 20 7946 0000.",
        "On Mon, 3 Nov 2025 at 10:02, {name} <{email}> wrote:",
        ("From", "Sent", "To", "Subject"),
    ),
    "us": Manner(
        "US",
        "Hello,\n\nattached is the signed order. Please confirm the ship date.",
        "Best,",
        ("Office", "Cell", "Fax", "Web"),
        "Get Outlook for iOS",
        "CONFIDENTIALITY NOTICE: The contents of this email message are intended solely for the"
        " addressee. Example Compliance LLC.",
        "On Nov 3, 2025, at 10:02 AM, {name} <{email}> wrote:",
        ("From", "Sent", "To", "Subject"),
    ),
    "de": Manner(
        "DE",
        "Sehr geehrte Damen und Herren,\n\nbitte senden Sie uns ein Angebot über 40 Stück.",
        "Mit freundlichen Grüßen",
        ("Tel.", "Mobil", "Fax", "Web"),
        "Von meinem iPhone gesendet",
        "Sitz der Gesellschaft: Bremen, Amtsgericht Bremen HRB 12345, Geschäftsführer: Max Muster",
        "Am 03.11.2025 um 10:02 schrieb {name} <{email}>:",
        ("Von", "Gesendet", "An", "Betreff"),
    ),
    "fr": Manner(
        "FR",
        "Bonjour,\n\npourriez-vous nous faire parvenir un devis pour 30 pièces ?",
        "Bien cordialement,",
        ("Tél.", "Port.", "Fax", "Site"),
        "Envoyé de mon iPhone",
        "Ce message et ses pièces jointes sont confidentiels. Merci d'avertir le directeur.",
        "Le lun. 3 nov. 2025 à 10:02, {name} <{email}> a écrit :",
        ("De", "Envoyé", "À", "Objet"),
    ),
    "es": Manner(
        "ES",
        "Buenos días:\n\n¿podrían enviarnos el presupuesto antes del día 15?",
        "Un cordial saludo,",
        ("Tel.", "Móvil", "Fax", "Web"),
        "Enviado desde mi iPhone",
        "Este mensaje puede contener información confidencial del responsable del tratamiento.",
        "El lun, 3 nov 2025 a las 10:02, {name} (<{email}>) escribió:",
        ("De", "Enviado", "Para", "Asunto"),
    ),
    "it": Manner(
        "IT",
        "Buongiorno,\n\nvi chiedo cortesemente un preventivo entro il 15 del mese.",
        "Cordiali saluti,",
        ("Tel.", "Cell.", "Fax", "Web"),
        "Inviato da iPhone",
        "Le informazioni contenute in questo messaggio sono riservate al responsabile indicato.",
        "Il giorno lun 3 nov 2025 alle ore 10:02 {name} <{email}> ha scritto:",
        ("Da", "Inviato", "A", "Oggetto"),
    ),
    "nl": Manner(
        "NL",
        "Goedemiddag,\n\ngraag ontvang ik een offerte voor 25 stuks.",
        "Met vriendelijke groet,",
        ("T", "M", "F", "W"),
        "Verzonden vanaf mijn iPhone",
        "De informatie in dit bericht is uitsluitend bestemd voor de geadresseerde medewerker.",
        "Op ma 3 nov 2025 om 10:02 schreef {name} <{email}>:",
        ("Van", "Verzonden", "Aan", "Onderwerp"),
    ),
    "pt": Manner(
        "PT",
        "Bom dia,\n\nagradeço o envio do orçamento até dia 15.",
        "Com os melhores cumprimentos,",
        ("Tel.", "Telemóvel", "Fax", "Site"),
        "Enviado do meu iPhone",
        "Esta mensagem é confidencial e destina-se apenas ao diretor nela indicado.",
        "{name} <{email}> escreveu no dia segunda, 3/11/2025 à(s) 10:02:",
        ("De", "Enviado", "Para", "Assunto"),
    ),
    "pl": Manner(
        "PL",
        "Dzień dobry,\n\nproszę o przesłanie oferty na 20 sztuk.",
        "Z poważaniem,",
        ("tel.", "kom.", "faks", "www"),
        "Wysłane z iPhone'a",
        "Niniejsza wiadomość jest poufna i przeznaczona wyłącznie dla adresata. KRS 0000123456",
        "pon., 3 lis 2025 o 10:02 {name} <{email}> napisał(a):",
        ("Od", "Wysłano", "Do", "Temat"),
    ),
    "he": Manner(
        "IL",
        "שלום רב,\n\nאשמח לקבל הצעת מחיר עבור 15 יחידות.",
        "בברכה,",
        ("טל", "נייד", "פקס", "אתר"),
        "נשלח מה-iPhone שלי",
        "הודעה זו והקבצים המצורפים אליה חסויים ומיועדים לנמען בלבד.",
        "\u202bבתאריך יום ב׳, 3 בנוב׳ 2025 ב-10:02"
        " מאת \u202a{name}\u202c\u200f <\u202a{email}\u202c\u200f>:\u202c",
        ("מאת", "נשלח", "אל", "נושא"),
    ),
    "ar": Manner(
        "EG",
        "السلام عليكم،\n\nنرجو إرسال عرض الأسعار قبل يوم 15.",
        "مع أطيب التحيات،",
        ("هاتف", "جوال", "فاكس", "موقع"),
        "أُرسلت من الـ iPhone",
        "هذه الرسالة سرية ومخصصة للمرسل إليه فقط.",
        "في الاثنين، 3 نوفمبر 2025 في 10:02 كتب {name} <{email}>:",
        ("من", "تاريخ الإرسال", "إلى", "الموضوع"),
    ),
    "ja": Manner(
        "JP",
        "お世話になっております。\n\n見積書を15日までにお送りいただけますでしょうか。",
        "よろしくお願いいたします。",
        ("TEL", "携帯", "FAX", "URL"),
        "iPhoneから送信",
        "本メールは機密情報を含む場合があります。",
        "2025年11月3日(月) 10:02 {name} <{email}>:",
        ("差出人", "送信日時", "宛先", "件名"),
    ),
    "zh": Manner(
        "CN",
        "您好，\n\n请在15日之前把报价单发给我们，谢谢。",
        "此致\n敬礼",
        ("电话", "手机", "传真", "网址"),
        "发自我的iPhone",
        "本邮件及其附件含有保密信息，仅限于发送给上面地址中列出的个人。",
        "{name} <{email}> 于2025年11月3日周一 10:02写道：",
        ("发件人", "发送时间", "收件人", "主题"),
    ),
}

_DATA = """
en|Harriet Cole|Procurement Lead|Cole & Finch Ltd|colefinch|14 Mill Lane, Leeds LS1 4AP|0113 496 0123|07911 123456|0113 496 0124
en|Tom O'Brien|Warehouse Supervisor|Harbour Foods PLC|harbourfoods|Unit 3, Dock Road, Bristol|0117 496 0456|07911 123457|0117 496 0457
en|Dr Priya Nair|Clinical Research Fellow|Nair Diagnostics Limited|nairdiagnostics|1 Science Park, Cambridge|01223 496012|07911 123458|01223 496013
us|Maria Lopez|VP of Operations|Redwood Supply Inc.|redwoodsupply|500 Oak St, Suite 210, Austin, TX 78701|(512) 555-0142|512-555-0143|(512) 555-0144
us|Jim Carter|Account Executive|Carter & Sons LLC|carterandsons|22 Main Street, Denver, CO 80202|303.555.0161|303.555.0162|303.555.0163
us|Wei Chen, PhD|Principal Scientist|Bluestem Labs Corp.|bluestemlabs|77 Elm Ave, Boston, MA|617-555-0171|617-555-0172|617-555-0173
de|Ines Groß|Leiterin Einkauf|Weber Möbel GmbH & Co. KG|weber-moebel|Hafenstraße 12, 28195 Bremen|0421 5550123|0171 5550123|0421 5550124
de|Jörg Weiß|Teamleitung Logistik|Nordlicht Handels AG|nordlicht-handel|Am Wall 3, 20095 Hamburg|+49 (0)40 5550130|0160 5550130|+49 (0)40 5550131
de|Sabine Köhler-Brandt|Kaufmännische Angestellte|Brandt Maschinenbau GmbH|brandt-maschinen|Gewerbepark 7, 70565 Stuttgart|0711/5550140|0151/55501401|0711/5550141
fr|Élodie Martin|Responsable des achats|Bois du Nord SARL|boisdunord|12, rue des Lilas, 59000 Lille|03 53 01 12 34|06 12 34 56 78|03 53 01 12 35
fr|Jean-Luc Moreau|Chargé d'affaires|Moreau & Fils SAS|moreau-fils|8 avenue Foch, 69006 Lyon|04.65.71.12.34|06.23.45.67.89|04.65.71.12.35
fr|Fatima Benali|Assistante de direction|Soleil Conseil SA|soleilconseil|Zone artisanale Sud, 13001 Marseille|+33 4 65 71 23 45|+33 6 34 56 78 90|+33 4 65 71 23 46
es|Lucía Gómez Ruiz|Directora de compras|Muebles Sol S.L.|mueblessol|C/ Mayor 15, 28013 Madrid|91 123 45 67|612 34 56 78|91 123 45 68
es|Javier Ortega|Técnico comercial|Aceros Ortega S.A.|acerosortega|Polígono Norte, nave 4, Zaragoza|976 12 34 56|623 45 67 89|976 12 34 57
es|Carmen Vidal|Administración|Vidal Gestión SLU|vidalgestion|Av. Diagonal 400, Barcelona|+34 93 123 45 67|+34 634 56 78 90|+34 93 123 45 68
it|Marco Rossi|Responsabile ufficio acquisti|Arredi Blu S.r.l.|arrediblu|Via Roma 10, 00184 Roma|06 6982 1234|347 123 4567|06 6982 1235
it|Giulia Ferrari|Impiegata commerciale|Ferrari Tessuti S.p.A.|ferraritessuti|Corso Italia 5, 20122 Milano|+39 02 1234 5678|+39 348 123 4567|+39 02 1234 5679
it|Paolo Conti|Titolare|Conti Ricambi S.n.c.|contiricambi|Viale Europa 3, Torino|011 123 4567|349 765 4321|011 123 4568
nl|Jan de Vries|Hoofd inkoop|Kaas en Zo B.V.|kaasenzo|Keizersgracht 10, 1015 CN Amsterdam|020 794 0958|06 12345678|020 794 0959
nl|Sanne Bakker|Werkvoorbereider|Bakker Bouw B.V.|bakkerbouw|Industrieweg 4, 3044 AS Rotterdam|+31 (0)10 794 0123|+31 (0)6 23456789|+31 (0)10 794 0124
nl|Pieter van den Berg|Accountmanager|Van den Berg Techniek N.V.|vandenbergtechniek|Postbus 12, 5600 AA Eindhoven|040-7940123|06-34567890|040-7940124
pt|Ana Sousa|Diretora financeira|Sousa Vinhos, Lda.|sousavinhos|Rua das Flores 20, 4050-262 Porto|22 123 4567|912 345 678|22 123 4568
pt|Rui Carvalho|Gestor de clientes|Carvalho Logística S.A.|carvalhologistica|Av. da Liberdade 100, 1250-145 Lisboa|+351 21 123 4567|+351 913 456 789|+351 21 123 4568
pt|Beatriz Lima|Técnica de compras|Lima Cerâmica Lda|limaceramica|Zona Industrial, 3810-193 Aveiro|234 123 456|961 234 567|234 123 457
pl|Anna Nowak|Specjalista ds. zakupów|Meble Las sp. z o.o.|meblelas|ul. Leśna 7, 00-001 Warszawa|22 555 01 23|501 234 567|22 555 01 24
pl|Piotr Wiśniewski|Kierownik magazynu|Stal-Pol S.A.|stalpol|ul. Hutnicza 2, 41-200 Sosnowiec|+48 32 555 01 30|+48 602 345 678|+48 32 555 01 31
pl|Katarzyna Zając|Główna księgowa|Zając Transport sp. j.|zajactransport|al. Jerozolimskie 100, Warszawa|(22) 555 01 40|603-456-789|(22) 555 01 41
he|דנה לוי|מנהלת רכש|דוגמה תעשיות בע"מ|dugma|רחוב הרצל 10, תל אביב|03-555-0123|050-234-5678|03-555-0124
he|יוסי כהן|סמנכ"ל מכירות|כהן ובניו בע"מ|cohen-bros|דרך השלום 5, חיפה|04-855-0130|052-234-5678|04-855-0131
ar|أحمد حسن|مدير المشتريات|شركة المثال ذ.م.م|almithal|12 شارع التحرير، القاهرة|02 2735 1234|0100 123 4567|02 2735 1235
ar|منى السيد|مهندسة مبيعات|شركة النيل للتجارة ش.م.م|nile-trade|شارع الهرم، الجيزة|02 3345 1234|0111 234 5678|02 3345 1235
ja|田中 太郎|営業部 部長|株式会社サンプル|sample-kk|東京都千代田区丸の内1-2-3|03-3123-4567|090-1234-5678|03-3123-4568
ja|鈴木 花子|購買課 主任|みどり工業株式会社|midori-kogyo|大阪府大阪市北区梅田1-1|06-6123-4567|080-2345-6789|06-6123-4568
zh|张伟|采购经理|上海样品贸易有限公司|yangpin|上海市浦东新区世纪大道100号|021-6123 4567|138 0013 8000|021-6123 4568
zh|李娜|销售总监|北京示例科技股份有限公司|shili-keji|北京市朝阳区建国路88号|010-8512 3456|139 1012 3456|010-8512 3457
"""  # noqa: E501

PEOPLE = [Person(*line.split("|")) for line in _DATA.strip().splitlines()]
