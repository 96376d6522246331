"""Mails in which something looks like the sender's signature and is not, and signatures that look
like none. Made up for tests (no real person or company).

``(text, sender's name, address, country, what must be found)``; what is not named must be empty.
"""

from __future__ import annotations

TRAPS: list[tuple[str, str, str, str, dict[str, str]]] = [
    # Other people's data in the text.
    (
        "Hi,\nour new contact is\n\nPeter Stone\nSales Director\nStone Works Ltd\n"
        "020 7946 0101\n\nThanks for adding him.\nAnn",
        "Ann Lee", "ann@leehome.example", "GB", {"name": "Ann"},
    ),
    (
        "Hello,\nthe invoice goes to Example Holdings Ltd, 1 High Street, London.\n"
        "Regards\nAnn Lee",
        "Ann Lee", "ann@leehome.example", "GB", {"name": "Ann Lee"},
    ),
    (
        "Hallo,\nder Kollege vom Vertrieb, Herr Krause (0421 5550177), meldet sich.\n\nLG Ines",
        "Ines Groß", "ines@weber.example", "DE", {},
    ),
    (
        "Bonjour,\nappelez le directeur au 01 70 18 99 09.\n\nMerci\nÉlodie",
        "Élodie Martin", "e@bois.example", "FR", {"name": "Élodie"},
    ),
    (
        "Please see the ticket below.\n\n-- \nYou received this message because you are subscribed"
        " to the group.\nTo unsubscribe, write to the managing director of Groups Inc.",
        "Ann Lee", "ann@lee.example", "GB", {},
    ),
    # Legal small print without words that give it away at its beginning.
    (
        "Passt, danke.\n\nViele Grüße\nJörg Weiß\n\nNordlicht Handels AG, Sitz Hamburg, HRB 9\n"
        "Vorstand: Eva Kern (Vorsitzende)\nAufsichtsrat: Max Muster",
        "Jörg Weiß", "j.weiss@nordlicht.example", "DE",
        {"name": "Jörg Weiß", "company": "Nordlicht Handels AG"},
    ),
    (
        "Va bene.\n\nSaluti\nMarco Rossi\n\nRossi S.r.l. - Sede legale: Via Roma 1 - P.IVA"
        " 01234567890",
        "Marco Rossi", "marco@rossi.example", "IT", {"name": "Marco Rossi"},
    ),
    (
        "Ok.\n\nCordialement\nÉlodie Martin\nBois du Nord SARL au capital de 10 000 euros - SIRET"
        " 123 456 789 00012",
        "Élodie Martin", "e@boisdunord.example", "FR", {"name": "Élodie Martin"},
    ),
    # Numbers that are none to call.
    (
        "Hi,\norder 2020-7946-0958 is late.\n\nBest regards\nAnn Lee\nFax 020 7946 0958\n"
        "VAT GB 123 4567 89\nIBAN GB33 BUKB 2020 1555 5555 55",
        "Ann Lee", "ann@lee.example", "GB", {"name": "Ann Lee"},
    ),
    (
        "Dag,\n\nMet vriendelijke groet,\nJan de Vries\nF 020 794 0959\nKvK 12345678",
        "Jan de Vries", "jan@kaasenzo.example", "NL", {"name": "Jan de Vries"},
    ),
    # Marketing below the name.
    (
        "Done.\n\nBest regards\nAnn Lee\nBook a meeting with our sales team today!\n"
        "https://calendly.com/annlee\nFollow us on https://www.linkedin.com/company/lee\n"
        "Virus-free. www.avast.com",
        "Ann Lee", "ann@lee.example", "GB", {"name": "Ann Lee"},
    ),
    (
        "Hola,\nde acuerdo.\n\nSaludos\nLucía Gómez\n¡Visite nuestra feria de ventas en mayo!\n"
        "www.mueblessol.example",
        "Lucía Gómez", "lucia@mueblessol.example", "ES",
        {"name": "Lucía Gómez", "web": "https://www.mueblessol.example"},
    ),
    # Unusual, but a signature.
    (
        "Sounds good.\n\n-------------------------\nAnn Lee\nPartner\nLee Brothers LLP\n"
        "p: 020 7946 0110 • m: 07911 123499\nleebrothers.example",
        "Ann Lee", "ann@leebrothers.example", "GB",
        {
            "name": "Ann Lee", "role": "Partner", "company": "Lee Brothers LLP",
            "phone": "+44 20 7946 0110", "mobile": "+44 7911 123499",
            "web": "https://leebrothers.example",
        },
    ),
    (
        "いつもお世話になっております。\n承知しました。\n\n=====================\n"
        "株式会社サンプル\n営業部 課長\n田中 太郎\n〒100-0005 東京都千代田区\nTEL：03-3123-4567\n"
        "FAX：03-3123-4568\nMail：tanaka@sample-kk.example\n=====================",
        "田中 太郎", "tanaka@sample-kk.example", "JP",
        {
            "name": "田中 太郎", "role": "営業部 課長", "company": "株式会社サンプル",
            "phone": "+81 3-3123-4567",
        },
    ),
    (
        "ok\n\n*Anna Nowak*\n_Specjalista ds. zakupów_\n*Meble Las sp. z o.o.*\nt: 22 555 01 23",
        "Anna Nowak", "anna@meblelas.example", "PL",
        {
            "name": "Anna Nowak", "role": "Specjalista ds. zakupów",
            "company": "Meble Las sp. z o.o.", "phone": "+48 22 555 01 23",
        },
    ),
    (
        "Merci !\n\n--\nJean-Luc Moreau | Chargé d’affaires grands comptes\nMoreau & Fils SAS\n"
        "Ligne directe : 04 65 71 12 34",
        "MOREAU Jean-Luc", "jl@moreau-fils.example", "FR",
        {
            "name": "Jean-Luc Moreau", "role": "Chargé d’affaires grands comptes",
            "company": "Moreau & Fils SAS", "phone": "+33 4 65 71 12 34",
        },
    ),
    (
        "Obrigado!\n\nAtenciosamente,\n\nBeatriz Lima\nCoordenadora de Compras\n"
        "Lima Cerâmica Ltda\n+55 11 3071-0000 | +55 11 91234-5678\n\n"
        "Antes de imprimir, pense no meio ambiente.",
        "Beatriz Lima", "bia@limaceramica.example", "BR",
        {
            "name": "Beatriz Lima", "role": "Coordenadora de Compras",
            "company": "Lima Cerâmica Ltda", "phone": "+55 11 3071-0000",
            "mobile": "+55 11 91234-5678",
        },
    ),
    (
        "תודה.\n\nדנה לוי\nמנהלת רכש\nדוגמה תעשיות בע\"מ\n03-555-0123",
        "דנה לוי", "dana@dugma.example", "IL",
        {
            "name": "דנה לוי", "role": "מנהלת רכש", "company": "דוגמה תעשיות בע\"מ",
            "phone": "+972 3-555-0123",
        },
    ),
    # An assistant signs for somebody, a team signs.
    (
        "Dear Sir,\nhe is away.\n\nKind regards\nZoe Park\nPA to Ann Lee, Managing Director",
        "Ann Lee", "ann@lee.example", "GB", {},
    ),
    (
        "Hello,\nwe will look into it.\n\nKind regards,\nThe Support Team\nHarbour Foods PLC",
        "Harbour Support", "support@harbourfoods.example", "GB",
        {"company": "Harbour Foods PLC"},
    ),
    # What lists and mail services add below, and pages that are nobody's site.
    (
        "Agreed.\n\nBest,\nAnn Lee\n_______________________________________________\n"
        "dev mailing list\ndev@lee.example\nhttp://lee.example/cgi-bin/mailman/listinfo/dev",
        "Ann Lee", "ann@leehome.example", "GB", {"name": "Ann Lee"},
    ),
    (
        "Fixed.\n\n-- \nAnn Lee\nhttps://answers.example/questions/1117108/how-to-compile",
        "Ann Lee", "ann@leehome.example", "GB", {"name": "Ann Lee"},
    ),
    (
        "Done.\n\nAnn Lee\nhttp://ads.example/sfu/dell-dev2dev",
        "Ann Lee", "ann@leehome.example", "GB", {"name": "Ann Lee"},
    ),
    (
        "Done.\n\n-- \nBob Kay <http://kayhome.example>\n<http://bobkay.example>",
        "Bob Kay bobkay", "bob@other.example", "GB",
        {"web": "http://kayhome.example"},
    ),
    (
        "Done.\n\n-- \nAnn Lee\nDoors KDE, X.org maintainer\nhttps://blog.example/~annlee",
        "Ann Lee", "ann@doors.example", "GB",
        {
            "name": "Ann Lee", "role": "X.org maintainer", "company": "Doors KDE",
            "web": "https://blog.example/~annlee",
        },
    ),
    # A sign that parts elsewhere is a letter of this company's name.
    (
        "Saluti\n\nLUNA Dott.ssa ANNA\nCommercialista - Revisore Contabile\n"
        "Centr●Studi Luna Srl\nCap. Soc. € 10.000,00 i.v. –  REA TV 0341585\n"
        "C.F. – P.IVA – Reg. Imp. TV  n. 04336160264\nTel. 0423/972429 – Fax 0423/971212",
        "Anna Luna", "luna@voidstudi.example", "IT",
        {
            "name": "LUNA Dott.ssa ANNA", "role": "Commercialista - Revisore Contabile",
            "company": "Centr●Studi Luna Srl", "phone": "+39 0423 972429",
        },
    ),
]  # fmt: skip
