//! Where the invented customers live: names of people, streets, houses and wines by country.
//!
//! Cities and appellations are real, everything put together from them is not. In a pattern `{p}` stands for one of
//! the country's `places`, `{f}` for a family name, `{g}` for a given name. Lists are texts with commas between, see
//! [`list`].

use super::dice::Dice;

/// The items of a list.
pub fn list(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// One item of a list; nothing of an empty one.
pub fn one(dice: &mut Dice, text: &'static str) -> &'static str {
    let items: Vec<&'static str> = list(text).collect();
    if items.is_empty() { "" } else { items[dice.index(items.len())] }
}

/// A country with what its companies and people are called.
#[derive(Debug)]
pub struct Land {
    /// ISO 3166 alpha-2.
    pub country: &'static str,
    /// BCP 47 tag of its letters.
    pub language: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// How many companies the demo has here.
    pub companies: i64,
    /// Given names.
    pub given: &'static str,
    /// Family names.
    pub family: &'static str,
    /// Cities, each with a postcode behind `=`.
    pub cities: &'static str,
    /// Streets; `#` is the number of the house.
    pub streets: &'static str,
    /// Words that restaurants and cellars are called after.
    pub places: &'static str,
    /// What a restaurant is called.
    pub restaurants: &'static str,
    /// What a hotel is called.
    pub hotels: &'static str,
    /// What a wine shop is called.
    pub shops: &'static str,
    /// What an importer or distributor is called.
    pub importers: &'static str,
    /// What an estate is called; empty where the demo buys nothing.
    pub estates: &'static str,
    /// Legal forms.
    pub forms: &'static str,
    /// What a group of houses is called.
    pub groups: &'static str,
}

/// The countries, the organisation's own first.
pub static LANDS: &[Land] = &[
    Land {
        country: "FR",
        language: "fr",
        currency: "EUR",
        companies: 104,
        given: "Amélie, Antoine, Aurélie, Bastien, Baptiste, Cécile, Chloé, Clément, Élodie, Étienne, \
            Fabrice, Florence, François, Gaëlle, Guillaume, Hélène, Inès, Jérôme, Julien, Léa, Loïc, \
            Margaux, Mathilde, Maxime, Nathalie, Noémie, Océane, Olivier, Pauline, Quentin, Raphaël, \
            Sandrine, Sébastien, Sophie, Théo, Valérie, Vincent, Yannick, Zoé, Mélanie",
        family: "Aubertin, Barrault, Bellanger, Bérard, Bonnefoy, Chabrier, Chauvet, Collignon, Courtois, \
            Delaunay, Desrosiers, Duchêne, Ferrand, Fontanel, Gaillard, Garnaud, Gauthier, Hérault, \
            Jacquemin, Lafargue, Lagrange, Lebreton, Lefèvre, Marchais, Maréchal, Montagnier, Noailles, \
            Pélissier, Perrault, Poirier, Quinet, Rambaud, Renaudin, Rivoire, Roussel, Saulnier, \
            Tardieu, Thibault, Vasseur, Villeneuve",
        cities: "Paris=75011, Paris=75006, Lyon=69002, Bordeaux=33000, Dijon=21000, Beaune=21200, \
            Reims=51100, Strasbourg=67000, Lille=59800, Nantes=44000, Rennes=35000, Toulouse=31000, \
            Montpellier=34000, Marseille=13001, Nice=06000, Annecy=74000, Tours=37000, La Rochelle=17000",
        streets: "# rue des Remparts, # rue de la Halle, # avenue de la Gare, # quai des Tonneliers, # place \
            du Marché, # rue du Puits Neuf, # boulevard des Vignes, # rue Basse, # cours des Platanes, # \
            impasse du Pressoir",
        places: "du Vieux Pont, des Tilleuls, de la Fontaine, du Lavoir, des Quatre Vents, du Grand Chêne, de \
            l'Écluse, des Hirondelles, du Moulin Bleu, de la Tour Carrée, des Bateliers, du Coq Noir, de \
            la Treille, des Trois Pigeons, du Pré Long, de l'Olivier, des Mariniers, du Cadran",
        restaurants: "Bistrot {p}, La Table {p}, Auberge {p}, Brasserie {p}, Chez {g}, Le Comptoir {p}",
        hotels: "Hôtel {p}, Grand Hôtel {p}, Relais {p}",
        shops: "La Cave {p}, Les Caves {p}, Cave {f}, {f} Vins, Le Cellier {p}",
        importers: "{f} Distribution, Négoce {f}, {f} Frères Import",
        estates: "Domaine {f}, Château {f}, Clos {p}, Vignobles {f}, Champagne {f}",
        forms: "SARL, SAS, EURL, SA",
        groups: "Groupe {f}, {f} Hospitalité",
    },
    Land {
        country: "DE",
        language: "de",
        currency: "EUR",
        companies: 58,
        given: "Andreas, Anke, Annika, Björn, Carola, Christoph, Dörte, Elke, Felix, Franziska, Gerd, \
            Hannah, Heike, Jörg, Jonas, Jürgen, Katharina, Kerstin, Lena, Lukas, Maren, Matthias, Nele, \
            Oliver, Petra, Ralf, Sabine, Sören, Stefan, Ulrike",
        family: "Ackermann, Bäumler, Brückner, Diekmann, Eichinger, Engelhardt, Förster, Großmann, Haberland, \
            Heidrich, Hübner, Jäger, Kesselring, Köhler, Kröger, Lindemann, Löffler, Mühlbauer, \
            Oberländer, Petersen, Pfeiffer, Rademacher, Reinhold, Schäfer, Schlüter, Seidel, Steinbrück, \
            Tiedemann, Vogelsang, Weißenfels",
        cities: "Berlin=10119, Hamburg=20457, München=80331, Köln=50667, Frankfurt am Main=60311, \
            Stuttgart=70173, Düsseldorf=40213, Leipzig=04109, Freiburg=79098, Mainz=55116, Trier=54290, \
            Bremen=28195",
        streets: "Brunnengasse #, Am Alten Hafen #, Kastanienallee #, Lindenstraße #, Marktplatz #, Mühlenweg \
            #, Am Weinberg #, Hafenstraße #",
        places: "zum Goldenen Anker, am Lindenhof, zur Alten Mühle, am Rebstock, zum Grünen Baum, an der \
            Brücke, zum Schwarzen Kater, am Kirchplatz, zur Linde, am Mühlbach, zum Fährmann, am \
            Stadtgraben",
        restaurants: "Gasthaus {p}, Weinstube {p}, Restaurant {p}, Wirtshaus {p}",
        hotels: "Hotel {p}, Landhotel {p}",
        shops: "Weinhandlung {f}, Weinkontor {f}, {f} Weine, Vinothek {p}",
        importers: "{f} Weinimport, {f} & Söhne Getränkehandel",
        estates: "Weingut {f}",
        forms: "GmbH, GmbH & Co. KG, KG, e.K.",
        groups: "{f} Gastronomie Gruppe",
    },
    Land {
        country: "IT",
        language: "it",
        currency: "EUR",
        companies: 26,
        given: "Alessia, Beatrice, Carlo, Chiara, Davide, Elisa, Federico, Francesca, Giacomo, Giulia, \
            Ilaria, Lorenzo, Marta, Niccolò, Paolo, Riccardo, Serena, Tommaso, Valeria, Vittorio",
        family: "Albertini, Bellandi, Berardi, Caldieri, Castaldo, D'Amico, Ferraris, Galimberti, Lanzoni, \
            Marchetti, Morandini, Nicolai, Orsenigo, Pellegrini, Quaranta, Ricciardi, Santoro, Tessaro, \
            Valentini, Zanetti",
        cities: "Milano=20121, Torino=10121, Verona=37121, Firenze=50122, Bologna=40121, Roma=00186, \
            Napoli=80133, Alba=12051",
        streets: "Via dei Mulini #, Via San Rocco #, Corso delle Vigne #, Piazza del Pozzo #, Via Lunga #",
        places: "del Ponte, della Torre, dei Cipressi, del Mulino, della Luna, del Borgo, dei Tre Archi, \
            della Rocca, del Pozzo, delle Rose",
        restaurants: "Osteria {p}, Trattoria {p}, Ristorante {p}",
        hotels: "Albergo {p}, Locanda {p}",
        shops: "Enoteca {p}, Enoteca {f}, Cantine {f}",
        importers: "{f} Importazioni, Distribuzione {f}",
        estates: "Tenuta {f}, Cantina {f}, Podere {p}",
        forms: "S.r.l., S.p.A., S.n.c.",
        groups: "Gruppo {f}",
    },
    Land {
        country: "ES",
        language: "es",
        currency: "EUR",
        companies: 24,
        given: "Álvaro, Ana, Andrés, Belén, Carmen, Diego, Elena, Gonzalo, Inés, Javier, Lucía, Marina, \
            Martín, Nuria, Óscar, Pilar, Raúl, Rocío, Sergio, Verónica",
        family: "Aguirre, Arriaga, Barrientos, Caballero, Cifuentes, Echevarría, Figueroa, Gálvez, Ibáñez, \
            Jiménez, Larrañaga, Maldonado, Núñez, Olmedo, Peñalver, Quintana, Redondo, Sepúlveda, \
            Urrutia, Zabala",
        cities: "Madrid=28004, Barcelona=08002, Bilbao=48005, San Sebastián=20003, Logroño=26001, \
            Valencia=46001, Sevilla=41004",
        streets: "Calle del Molino #, Calle Mayor #, Plaza de la Fuente #, Paseo de los Olmos #, Calle Nueva #",
        places: "del Puerto, de la Plaza, del Olivar, de los Arcos, del Faro, de la Encina, del Río, de la \
            Muralla, del Mercado, de las Viñas",
        restaurants: "Taberna {p}, Restaurante {p}, Mesón {p}",
        hotels: "Hotel {p}, Posada {p}",
        shops: "Vinoteca {p}, Vinos {f}, La Bodeguita {p}",
        importers: "{f} Distribuciones, Importaciones {f}",
        estates: "Bodegas {f}, Finca {p}",
        forms: "S.L., S.A.",
        groups: "Grupo {f}",
    },
    Land {
        country: "GB",
        language: "en",
        currency: "GBP",
        companies: 32,
        given: "Abigail, Alistair, Beth, Callum, Charlotte, Duncan, Eleanor, Fiona, Gareth, Harriet, Imogen, \
            Jack, Kirsty, Lewis, Megan, Nigel, Oliver, Poppy, Rhys, Siobhán, Thomas, Una",
        family: "Ainsworth, Barraclough, Cartwright, Dunmore, Eastwood, Fairclough, Garside, Hathersage, \
            Ingleby, Kershaw, Lockhart, Marlowe, Netherby, O'Connell, Pemberton, Radcliffe, Sedgwick, \
            Thornbury, Underhill, Whitcombe",
        cities: "London=EC1M 4AA, London=SE1 9AD, Edinburgh=EH1 1AA, Manchester=M1 1AA, Bristol=BS1 4AA, \
            Bath=BA1 1AA, York=YO1 7AA, Cardiff=CF10 1AA",
        streets: "# Cooper's Row, # Market Street, # Old Mill Lane, # Quayside, # Chapel Walk, # Vintners Yard",
        places: "Copper Kettle, Old Ropeworks, Crooked Billet, Painted Heron, Walled Garden, Lantern House, \
            Three Larks, Salt Store, Weavers' Arms, Quiet Otter, Harbour Light, Long Barn",
        restaurants: "The {p}, {p} Kitchen, {f}'s Dining Room",
        hotels: "The {p} Hotel, {f} House Hotel",
        shops: "{f} Wines, {f} & Daughters Wine Merchants, {p} Wine Shop",
        importers: "{f} Wine Imports, {f} & Co. Shippers",
        estates: "",
        forms: "Ltd, LLP, plc",
        groups: "{f} Inns Group",
    },
    Land {
        country: "NL",
        language: "nl",
        currency: "EUR",
        companies: 18,
        given: "Anouk, Bram, Daan, Esmée, Femke, Gijs, Hanneke, Joost, Lotte, Maarten, Niels, Roos, Sanne, \
            Thijs, Wouter",
        family: "van Aalst, Bakhuis, de Bruijn, van der Heijden, Hoekstra, Kuipers, van Leeuwen, Meijerink, \
            Noordhoek, Postma, de Ridder, Schipper, van der Veen, Wagenaar, Zijlstra",
        cities: "Amsterdam=1012 AB, Rotterdam=3011 AA, Utrecht=3511 AB, Maastricht=6211 AA, Haarlem=2011 AA",
        streets: "Kuiperssteeg #, Oude Haven #, Marktstraat #, Wijnkade #, Molenweg #",
        places: "De Gouden Kraan, Het Anker, De Vier Heren, De Oude Sluis, De Blauwe Reiger, Het Wijnhuis, De \
            Kade, De Linde",
        restaurants: "Restaurant {p}, Eetcafé {p}",
        hotels: "Hotel {p}",
        shops: "Wijnhandel {f}, {f} Wijnen, Slijterij {p}",
        importers: "{f} Wijnimport",
        estates: "",
        forms: "B.V., V.O.F.",
        groups: "{f} Horeca Groep",
    },
    Land {
        country: "BE",
        language: "fr",
        currency: "EUR",
        companies: 18,
        given: "Adeline, Arnaud, Benoît, Céline, Dries, Elise, Gilles, Joris, Laurence, Liesbeth, Maxence, \
            Nele, Pieter, Sarah, Tine",
        family: "Claes, Debaere, Delvaux, Dewitte, Gillard, Goossens, Hennebert, Lambrechts, Lejeune, \
            Maertens, Notebaert, Servais, Thys, Vandenbroeck, Wauters",
        cities: "Bruxelles=1000, Gent=9000, Antwerpen=2000, Liège=4000, Namur=5000, Brugge=8000",
        streets: "Rue des Brasseurs #, Quai aux Pierres #, Korenmarkt #, Place Haute #, Wijngaardstraat #",
        places: "du Béguinage, de la Bourse, des Canaux, du Beffroi, de l'Horloge, des Tanneurs, du Petit \
            Sablier, de la Halle",
        restaurants: "Brasserie {p}, La Table {p}, Estaminet {p}",
        hotels: "Hôtel {p}",
        shops: "Caves {f}, {f} Vins, La Cave {p}",
        importers: "{f} Import",
        estates: "",
        forms: "SRL, SA, BV",
        groups: "Groupe {f}",
    },
    Land {
        country: "CH",
        language: "de",
        currency: "CHF",
        companies: 14,
        given: "Beat, Claudia, Corinne, Daniela, Fabian, Jean-Luc, Lorena, Marcel, Nadja, Pascal, Regula, \
            Reto, Simone, Urs, Yves",
        family: "Aebischer, Bürki, Chappuis, Dubuis, Favre, Gerber, Imhof, Jaccard, Kälin, Lüthi, Odermatt, \
            Rochat, Schürch, Tobler, Zurbriggen",
        cities: "Zürich=8001, Genève=1204, Bern=3011, Lausanne=1003, Basel=4051, Luzern=6004",
        streets: "Rebgasse #, Seestrasse #, Rue du Lac #, Mühleplatz #, Obere Gasse #",
        places: "zum Storchennest, am See, zur Alten Post, am Rebhang, zum Weissen Ross, au Port, du Vieux \
            Bourg, am Turm",
        restaurants: "Restaurant {p}, Gasthof {p}",
        hotels: "Hotel {p}",
        shops: "Weinhandlung {f}, {f} Vins",
        importers: "{f} Weinimport",
        estates: "",
        forms: "AG, GmbH, Sàrl",
        groups: "{f} Gastro Gruppe",
    },
];

/// A wine: what it is, where estates that make it are and what they are called there, lowest and highest price of a
/// bottle in cents.
pub type Wine = (&'static str, &'static str, &'static str, i64, i64);

/// What the merchant sells.
pub static WINES: &[Wine] = &[
    ("Chablis", "FR", "Domaine", 1_150, 1_690),
    ("Chablis 1er Cru", "FR", "Domaine", 1_890, 2_750),
    ("Meursault", "FR", "Domaine", 3_400, 5_200),
    ("Gevrey-Chambertin", "FR", "Domaine", 3_600, 5_900),
    ("Bourgogne Aligoté", "FR", "Domaine", 790, 1_150),
    ("Saint-Émilion Grand Cru", "FR", "Château", 1_650, 3_200),
    ("Pauillac", "FR", "Château", 2_700, 4_800),
    ("Sancerre", "FR", "Domaine", 1_190, 1_780),
    ("Muscadet Sèvre et Maine", "FR", "Clos", 590, 880),
    ("Côtes du Rhône", "FR", "Vignobles", 640, 980),
    ("Châteauneuf-du-Pape", "FR", "Clos", 2_150, 3_600),
    ("Bandol rosé", "FR", "Vignobles", 1_350, 1_900),
    ("Crémant de Bourgogne brut", "FR", "Domaine", 890, 1_250),
    ("Champagne brut", "FR", "Champagne", 2_150, 3_100),
    ("Champagne blanc de blancs", "FR", "Champagne", 2_900, 4_400),
    ("Riesling trocken", "DE", "Weingut", 780, 1_290),
    ("Riesling Kabinett", "DE", "Weingut", 890, 1_480),
    ("Spätburgunder", "DE", "Weingut", 1_250, 2_300),
    ("Barolo", "IT", "Tenuta", 2_600, 4_300),
    ("Chianti Classico", "IT", "Podere", 990, 1_650),
    ("Soave Classico", "IT", "Cantina", 740, 1_120),
    ("Rioja Reserva", "ES", "Bodegas", 1_190, 1_980),
    ("Albariño", "ES", "Finca", 980, 1_520),
    ("Cava brut nature", "ES", "Bodegas", 720, 1_090),
];
