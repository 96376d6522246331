"""Mails with signatures as people write them, made up for this test (no real person or company).

``(text, sender's name, address, country, what must be found)``; what is not named must be empty.
"""

SAMPLES: list[tuple[str, str, str, str, dict[str, str]]] = [
    (
        "Hello,\nplease call me.\n\n-- \nBob Buyer\nHead of Purchasing\nDoors & More Ltd\n"
        "Tel: +44 (0)20 7946 0958\nFax: +44 20 7946 0959\nwww.doors.example\n",
        "Bob Buyer",
        "bob@doors.example",
        "GB",
        {
            "name": "Bob Buyer",
            "role": "Head of Purchasing",
            "company": "Doors & More Ltd",
            "phone": "+44 20 7946 0958",
            "web": "https://www.doors.example",
        },
    ),
    (
        "Guten Tag,\nbitte um ein Angebot.\n\nMit freundlichen Grüßen\n\nInes Groß\n"
        "Leiterin Einkauf\nWeber Möbel GmbH & Co. KG | Hafenstr. 12 | 28195 Bremen\n"
        "Telefon 0421 5550123 | Mobil 0171 5550123\nhttps://weber-moebel.example/\n\n"
        "Amtsgericht Bremen HRB 1234\n",
        "Groß, Ines",
        "i.gross@weber-moebel.example",
        "DE",
        {
            "name": "Ines Groß",
            "role": "Leiterin Einkauf",
            "company": "Weber Möbel GmbH & Co. KG",
            "phone": "+49 421 5550123",
            "mobile": "+49 171 5550123",
            "web": "https://weber-moebel.example",
        },
    ),
    (
        "Bonjour,\nmerci de votre retour.\n\nCordialement,\nÉlodie Martin\nResponsable des achats\n"
        "Bois du Nord SARL\n01 70 18 99 01 - 06 12 34 56 78\n",
        "Elodie Martin",
        "e.martin@boisdunord.example",
        "FR",
        {
            "name": "Élodie Martin",
            "role": "Responsable des achats",
            "company": "Bois du Nord SARL",
            "phone": "+33 1 70 18 99 01",
            "mobile": "+33 6 12 34 56 78",
        },
    ),
    (
        "Buenos días:\n¿pueden enviar el presupuesto?\n\nUn saludo,\n\nLucía Gómez Ruiz\n"
        "Directora de compras · Muebles Sol S.L.\nMóvil: 612 34 56 78\n",
        "Lucía Gómez",
        "lucia@mueblessol.example",
        "ES",
        {
            "name": "Lucía Gómez Ruiz",
            "role": "Directora de compras",
            "company": "Muebles Sol S.L.",
            "mobile": "+34 612 34 56 78",
        },
    ),
    (
        "Buongiorno,\nattendo un riscontro.\n\nCordiali saluti\nMarco Rossi\n"
        "Responsabile ufficio acquisti\nArredi Blu S.r.l.\nTel. 06 6982 1234\n",
        "Marco Rossi",
        "marco.rossi@arrediblu.example",
        "IT",
        {
            "name": "Marco Rossi",
            "role": "Responsabile ufficio acquisti",
            "company": "Arredi Blu S.r.l.",
            "phone": "+39 06 6982 1234",
        },
    ),
    (
        "Goedemiddag,\ngraag een offerte.\n\nMet vriendelijke groet,\nJan de Vries\nHoofd inkoop\n"
        "Kaas en Zo B.V.\nT: 020 794 0958\n",
        "Jan de Vries",
        "jan@kaasenzo.example",
        "NL",
        {
            "name": "Jan de Vries",
            "role": "Hoofd inkoop",
            "company": "Kaas en Zo B.V.",
            "phone": "+31 20 794 0958",
        },
    ),
    (
        "Dzień dobry,\nproszę o ofertę.\n\nPozdrawiam\nAnna Nowak\nSpecjalista ds. zakupów\n"
        "Meble Las sp. z o.o.\ntel. 22 555 01 23\n",
        "Anna Nowak",
        "anna@meblelas.example",
        "PL",
        {
            "name": "Anna Nowak",
            "role": "Specjalista ds. zakupów",
            "company": "Meble Las sp. z o.o.",
            "phone": "+48 22 555 01 23",
        },
    ),
    (
        "Hej,\nkan ni ringa?\n\nMed vänlig hälsning\nErik Berg\nInköpare, Skog AB\n08-123 456 78\n",
        "Erik Berg",
        "erik@skog.example",
        "SE",
        {
            "name": "Erik Berg",
            "role": "Inköpare",
            "company": "Skog AB",
            "phone": "+46 8 123 456 78",
        },
    ),
    (
        "Hi,\nsounds good.\n\nBest,\nDana Fox | Founder & CEO | Foxlight\n+1 202-555-0143\n"
        "foxlight.example | https://linkedin.com/in/danafox\n\nSent from my iPhone\n",
        "Dana Fox",
        "dana@foxlight.example",
        "US",
        {
            "name": "Dana Fox",
            "role": "Founder & CEO",
            "company": "Foxlight",
            "phone": "+1 202-555-0143",
            "web": "https://foxlight.example",
        },
    ),
    (
        "Hello,\nthe machine leaks.\n\nTom Lee\nHarbour Café\n",
        "Tom Lee",
        "tom@harbour-cafe.example",
        "GB",
        {"name": "Tom Lee", "company": ""},
    ),
    # No signature: nothing may be found.
    ("Please call our sales manager Ben at +44 20 7946 0958.\n", "Ann", "a@b.example", "GB", {}),
    ("Thanks!\n", "Ann Lee", "ann@b.example", "GB", {}),
    (
        "See below.\n\n> Best regards\n> Bob Buyer\n> Head of Purchasing\n> +44 20 7946 0958\n",
        "Ann Lee",
        "ann@b.example",
        "GB",
        {},
    ),
    (
        "Dear all,\n\nour director will call. Invoice total 1234567890.\n\nRegards\nAnn\n",
        "Ann Lee",
        "ann@b.example",
        "GB",
        {"name": "Ann"},
    ),
]
