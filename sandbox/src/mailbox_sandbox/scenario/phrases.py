"""What people write, in their languages. All names and companies are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One language: names, greetings and sentences; ``charset`` is what older programs used."""

    code: str
    charset: str
    names: tuple[str, ...]
    hello: str
    bye: str
    subjects: tuple[str, ...]
    lines: tuple[str, ...]
    thanks: str
    weight: int = 1


LANGUAGES = (
    Language(
        "en", "us-ascii",
        ("Grace Whitfield", "Tom Barlow", "Priya Nair", "Hannah Cole", "Ruth O'Neill",
         "Ben Archer"),
        "Hello,", "Kind regards,",
        ("Delivery date for order {n}", "Quote for {k} chairs", "Broken hinge on cabinet {n}",
         "Invoice {n}: wrong address", "Do you ship to islands?", "Colour samples"),
        ("Could you tell me when our order will leave your workshop?",
         "The right door does not close any more; I have attached a photo.",
         "We would need {k} pieces by the end of the month.",
         "Please change the delivery address to Mill Lane {k}.",
         "Is oak also available with an oiled finish?",
         "Our accountant noticed that the VAT number is missing.",
         "The parcel arrived today and everything looks great."),
        "Thank you, that answers everything.", 9),
    Language(
        "de", "iso-8859-1",
        ("Jürgen Weiß", "Käthe Möller", "Sören Grünwald", "Anja Schröder"),
        "Guten Tag,", "Mit freundlichen Grüßen",
        ("Rückfrage zur Bestellung {n}", "Angebot über {k} Stühle", "Lieferverzögerung?",
         "Rechnung {n} – Mahnung erhalten"),
        ("wann können wir mit der Lieferung rechnen?",
         "leider ist die Oberfläche beschädigt angekommen, Fotos anbei.",
         "bitte prüfen Sie die Maße: 80 × 120 cm, Höhe {k} cm.",
         "wir benötigen die Auftragsbestätigung für unsere Buchhaltung."),
        "Vielen Dank für die schnelle Antwort!", 5),
    Language(
        "fr", "iso-8859-15",
        ("Hélène Dupré", "Jérôme Lefèvre", "Zoé Garçon"),
        "Bonjour,", "Bien cordialement,",
        ("Demande de devis n° {n}", "Retard de livraison", "Où en est ma commande {n} ?"),
        ("Pourriez-vous nous indiquer un délai de fabrication ?",
         "Le prix de {k} € est-il toujours valable ?",
         "Nous avons reçu un colis endommagé, voir les photos ci-jointes."),
        "Merci beaucoup, c'est parfait.", 3),
    Language(
        "es", "iso-8859-1", ("Íñigo Muñoz", "Lucía Peña"), "Buenos días:", "Un saludo,",
        ("¿Cuándo llega el pedido {n}?", "Presupuesto para {k} mesas"),
        ("Necesitamos la factura con los datos de la empresa.",
         "¿Es posible añadir {k} unidades más al pedido?"),
        "¡Muchas gracias por todo!", 3),
    Language(
        "it", "iso-8859-1", ("Niccolò Ferrà", "Chiara Lodà"), "Buongiorno,", "Cordiali saluti",
        ("Preventivo per {k} sedie", "Ordine {n}: è già partito?"),
        ("Vorremmo sapere se il colore è disponibile.",
         "La qualità è ottima, ne ordiniamo altre {k}."),
        "Grazie mille!", 2),
    Language(
        "pl", "iso-8859-2", ("Łukasz Wójcik", "Małgorzata Żak"), "Dzień dobry,", "Pozdrawiam",
        ("Zamówienie {n} – pytanie", "Reklamacja nr {n}"),
        ("Proszę o informację, kiedy nastąpi wysyłka.",
         "Jedna z półek jest pęknięta, załączam zdjęcie."),
        "Dziękuję za szybką odpowiedź.", 2),
    Language(
        "el", "iso-8859-7", ("Γιώργος Παππάς", "Ελένη Ζέρβα"), "Καλημέρα σας,", "Με εκτίμηση,",
        ("Παραγγελία {n}", "Προσφορά για {k} καρέκλες"),
        ("Πότε θα παραδοθεί η παραγγελία μας;", "Χρειαζόμαστε {k} τεμάχια ακόμη."),
        "Ευχαριστώ πολύ.", 1),
    Language(
        "ru", "koi8-r", ("Алексей Громов", "Ольга Синицына"), "Здравствуйте!", "С уважением,",
        ("Заказ {n}: срок поставки", "Вопрос по счёту {n}"),
        ("Подскажите, пожалуйста, когда будет отгрузка?", "Просим выслать оригинал накладной."),
        "Спасибо, всё получили.", 2),
    Language(
        "ar", "windows-1256", ("ليلى حداد", "سامر النجار"), "مرحباً،", "مع أطيب التحيات",
        ("استفسار عن الطلب {n}", "عرض سعر لعدد {k} كراسي"),
        ("متى يتم شحن الطلب رقم {k} إلى عمّان؟", "نرجو إرسال الفاتورة بصيغة PDF."),
        "شكراً جزيلاً لكم", 2),
    Language(
        "he", "windows-1255", ("נועה לוי", "איתן ברק"), "שלום רב,", "בברכה,",
        ("שאלה לגבי הזמנה {n}", "הצעת מחיר"),
        ("מתי תגיע ההזמנה לחיפה?", "האם אפשר להוסיף עוד {k} יחידות?"),
        "תודה רבה!", 1),
    Language(
        "ja", "iso-2022-jp", ("佐藤 美咲", "山本 健一"), "お世話になっております。",
        "よろしくお願いいたします。",
        ("ご注文{n}について", "お見積りのお願い"),
        ("納期を教えていただけますでしょうか。", "椅子を{k}脚追加したいです。"),
        "ありがとうございました。", 2),
    Language(
        "zh", "gb18030", ("王小明", "李静"), "您好：", "此致敬礼",
        ("订单 {n} 的交货时间", "询价：{k} 把椅子"),
        ("请问什么时候可以发货？", "请把发票寄到新的地址。"),
        "非常感谢！", 2),
    Language(
        "ko", "euc-kr", ("김서연", "박지훈"), "안녕하세요,", "감사합니다.",
        ("주문 {n} 배송 문의", "견적 요청"),
        ("배송 일정을 알려 주시겠어요?", "의자 {k}개를 더 주문하고 싶습니다."),
        "잘 받았습니다.", 1),
    Language(
        "tr", "iso-8859-9", ("Çağla Yıldız", "Şükrü Öztürk"), "Merhaba,", "Saygılarımla",
        ("Sipariş {n} hakkında", "{k} sandalye için teklif"),
        ("Ürün ne zaman gönderilecek?", "Fatura adresini değiştirebilir misiniz?"),
        "Çok teşekkürler.", 1),
)  # fmt: skip

ANSWERS = (
    "Thank you for your message. Your order {n} leaves our workshop on Thursday.",
    "I have checked with the workshop: the part is in stock and goes out today.",
    "Please find our offer attached. It is valid for 30 days.",
    "We are sorry about the damage. A replacement is on its way, no need to return anything.",
    "Of course, I have changed the address. You will get a new invoice by mail.",
)
COMPANIES = ("Lumen Interiors", "Northgate Schools", "Café Bohème", "Harbour Clinic",
             "Studio Weide", "Otto & Söhne", "Atelier Zéphyr", "Blue Heron Hotels")  # fmt: skip
SUPPLIERS = ("Oakline Timber", "Veritas Hardware", "Lacquer & Co", "Parcelo Freight")
NEWSLETTERS = ("Timber Trade Weekly", "Small Shop Digest", "Design Notes", "Tool Offers")
LISTS = ("joinery-talk", "odoo-users", "makers-north")
