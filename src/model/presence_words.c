/* The texts of presence, a row a word, a column a language. Who adds a language adds a column to
 * each row: the compiler does not miss one, a test does. */
#include "model/presence_words.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { LANGUAGES = 14 };

static const char *const tags[LANGUAGES] = {"en", "de", "fr", "es", "it", "nl", "pt",
					    "pl", "sv", "da", "nb", "fi", "cs", "ru"};

static const char *const cases[CASE_COUNT][LANGUAGES] = {
	[CASE_CLOSED] = {"Not registered", "Nicht angemeldet", "Non enregistré", "No registrado",
			 "Non registrato", "Niet aangemeld", "Não registrado", "Niezarejestrowany",
			 "Inte registrerad", "Ikke registreret", "Ikke registrert",
			 "Ei rekisteröity", "Není registrován", "Не зарегистрирован"},
	[CASE_ON_HOLD] = {"On hold", "Gespräch gehalten", "En attente", "En espera", "In attesa",
			  "In de wacht", "Em espera", "Połączenie wstrzymane", "I vänteläge",
			  "På hold", "På vent", "Pidossa", "Hovor přidržen", "На удержании"},
	[CASE_IN_CALL] = {"On the phone", "Am Telefon", "Au téléphone", "Al teléfono",
			  "Al telefono", "Aan de telefoon", "Ao telefone", "Rozmawia przez telefon",
			  "Sitter i telefon", "Taler i telefon", "I telefonen", "Puhelimessa",
			  "Telefonuje", "Говорит по телефону"},
	[CASE_DIALLING] = {"On the phone", "Am Telefon", "Au téléphone", "Al teléfono",
			   "Al telefono", "Aan de telefoon", "Ao telefone",
			   "Rozmawia przez telefon", "Sitter i telefon", "Taler i telefon",
			   "I telefonen", "Puhelimessa", "Telefonuje", "Говорит по телефону"},
	[CASE_DND] = {"Do not disturb", "Bitte nicht stören", "Ne pas déranger", "No molestar",
		      "Non disturbare", "Niet storen", "Não perturbe", "Nie przeszkadzać",
		      "Stör ej", "Forstyr ikke", "Ikke forstyrr", "Älä häiritse", "Nerušit",
		      "Не беспокоить"},
	[CASE_RINGING] = {"Ringing", "Es klingelt", "Appel entrant", "Llamada entrante",
			  "Sta squillando", "Telefoon gaat over", "Tocando", "Dzwoni telefon",
			  "Ringer", "Ringer", "Ringer", "Puhelin soi", "Zvoní", "Входящий звонок"},
};

/* Away, busy and on-the-phone are said by the show or by a case; other and unknown say nothing. */
static const char *const activities[ACTIVITY_COUNT][LANGUAGES] = {
	[ACTIVITY_APPOINTMENT] = {"At an appointment", "Hat einen Termin", "En rendez-vous",
				  "En una cita", "A un appuntamento", "Heeft een afspraak",
				  "Em compromisso", "Ma umówione spotkanie", "På avtalat möte",
				  "Har en aftale", "Har en avtale", "Tapaamisessa", "Na schůzce",
				  "На встрече"},
	[ACTIVITY_BREAKFAST] = {"At breakfast", "Beim Frühstück", "Au petit-déjeuner",
				"Desayunando", "A colazione", "Aan het ontbijt",
				"Tomando o café da manhã", "Je śniadanie", "Äter frukost",
				"Spiser morgenmad", "Spiser frokost", "Aamiaisella", "Snídá",
				"Завтракает"},
	[ACTIVITY_DINNER] = {"At dinner", "Beim Abendessen", "Au dîner", "Cenando", "A cena",
			     "Aan het avondeten", "Jantando", "Je kolację", "Äter middag",
			     "Spiser aftensmad", "Spiser middag", "Illallisella", "Večeří",
			     "Ужинает"},
	[ACTIVITY_HOLIDAY] = {"Public holiday", "Feiertag", "Jour férié", "Día festivo",
			      "Giorno festivo", "Feestdag", "Feriado", "Święto", "Helgdag",
			      "Helligdag", "Helligdag", "Pyhäpäivä", "Svátek", "Праздничный день"},
	[ACTIVITY_IN_TRANSIT] = {"On the way", "Unterwegs", "En chemin", "De camino", "In transito",
				 "Onderweg", "A caminho", "W drodze", "På väg", "Undervejs",
				 "Underveis", "Matkalla", "Na cestě", "В пути"},
	[ACTIVITY_LOOKING_FOR_WORK] = {"Looking for work", "Auf Arbeitssuche",
				       "En recherche d'emploi", "Buscando trabajo",
				       "In cerca di lavoro", "Zoekt werk", "Procurando emprego",
				       "Szuka pracy", "Söker arbete", "Søger arbejde",
				       "Søker arbeid", "Etsii työtä", "Hledá práci", "Ищет работу"},
	[ACTIVITY_LUNCH] = {"At lunch", "Beim Mittagessen", "Au déjeuner", "Almorzando", "A pranzo",
			    "Aan de lunch", "Almoçando", "Je obiad", "Äter lunch", "Spiser frokost",
			    "Spiser lunsj", "Lounaalla", "Obědvá", "Обедает"},
	[ACTIVITY_MEAL] = {"At a meal", "Beim Essen", "À table", "Comiendo", "A tavola",
			   "Aan het eten", "Comendo", "Je posiłek", "Äter", "Spiser", "Spiser",
			   "Aterialla", "Jí", "Ест"},
	[ACTIVITY_MEETING] = {"In a meeting", "In einer Besprechung", "En réunion",
			      "En una reunión", "In riunione", "In een vergadering", "Em reunião",
			      "Na spotkaniu", "På möte", "Til møde", "I møte", "Kokouksessa",
			      "Na poradě", "На совещании"},
	[ACTIVITY_PERFORMANCE] = {"At a performance", "In einer Vorstellung", "À un spectacle",
				  "En un espectáculo", "A uno spettacolo", "Bij een voorstelling",
				  "Em um espetáculo", "Na przedstawieniu", "På föreställning",
				  "Til en forestilling", "På forestilling", "Esityksessä",
				  "Na představení", "На представлении"},
	[ACTIVITY_PERMANENT_ABSENCE] =
		{"Permanently absent", "Dauerhaft abwesend",
		 "Absent définitivement", "Ausencia permanente", "Assenza permanente",
		 "Permanent afwezig", "Ausência permanente", "Trwała nieobecność",
		 "Permanent frånvarande", "Permanent fraværende", "Permanent fraværende",
		 "Pysyvästi poissa", "Trvale nepřítomen", "Отсутствует постоянно"},
	[ACTIVITY_PLAYING] = {"Playing", "Beim Spielen", "En train de jouer", "Jugando",
			      "Sta giocando", "Aan het spelen", "Jogando", "Gra", "Spelar",
			      "Spiller", "Spiller", "Pelaamassa", "Hraje", "Играет"},
	[ACTIVITY_PRESENTATION] = {"In a presentation", "In einer Präsentation", "En présentation",
				   "En una presentación", "A una presentazione",
				   "In een presentatie", "Em uma apresentação", "Na prezentacji",
				   "På presentation", "Til en præsentation", "På presentasjon",
				   "Esitelmässä", "Na prezentaci", "На презентации"},
	[ACTIVITY_SHOPPING] = {"Shopping", "Beim Einkaufen", "Fait des courses", "De compras",
			       "A fare spese", "Aan het winkelen", "Fazendo compras", "Na zakupach",
			       "Handlar", "På indkøb", "På handletur", "Ostoksilla", "Na nákupu",
			       "За покупками"},
	[ACTIVITY_SLEEPING] = {"Asleep", "Schläft", "Dort", "Durmiendo", "Dorme", "Slaapt",
			       "Dormindo", "Śpi", "Sover", "Sover", "Sover", "Nukkuu", "Spí",
			       "Спит"},
	[ACTIVITY_SPECTATOR] = {"At an event", "Bei einer Veranstaltung", "À un événement",
				"En un evento", "A un evento", "Bij een evenement", "Em um evento",
				"Na imprezie", "På evenemang", "Til et arrangement",
				"På arrangement", "Tapahtumassa", "Na akci", "На мероприятии"},
	[ACTIVITY_STEERING] = {"At the wheel", "Am Steuer", "Au volant", "Al volante", "Alla guida",
			       "Achter het stuur", "Ao volante", "Za kierownicą", "Vid ratten",
			       "Bag rattet", "Bak rattet", "Ratissa", "Za volantem", "За рулём"},
	[ACTIVITY_TRAVEL] = {"Travelling", "Auf Reisen", "En voyage", "De viaje", "In viaggio",
			     "Op reis", "Viajando", "W podróży", "På resa", "På rejse", "På reise",
			     "Matkoilla", "Na cestách", "В поездке"},
	[ACTIVITY_TV] = {"Watching TV", "Beim Fernsehen", "Regarde la télévision",
			 "Viendo la televisión", "Guarda la TV", "Kijkt tv", "Vendo TV",
			 "Ogląda telewizję", "Tittar på TV", "Ser tv", "Ser på TV",
			 "Katsoo televisiota", "Sleduje televizi", "Смотрит телевизор"},
	[ACTIVITY_VACATION] = {"On vacation", "Im Urlaub", "En vacances", "De vacaciones",
			       "In ferie", "Op vakantie", "De férias", "Na urlopie", "På semester",
			       "På ferie", "På ferie", "Lomalla", "Na dovolené", "В отпуске"},
	[ACTIVITY_WORKING] = {"Working", "Bei der Arbeit", "Au travail", "Trabajando", "Al lavoro",
			      "Aan het werk", "Trabalhando", "Pracuje", "Arbetar", "Arbejder",
			      "Jobber", "Työssä", "Pracuje", "Работает"},
	[ACTIVITY_WORSHIP] = {"At worship", "Beim Gottesdienst", "À un office religieux",
			      "En un oficio religioso", "A una funzione religiosa",
			      "In een eredienst", "Em um culto", "Na nabożeństwie", "På gudstjänst",
			      "Til gudstjeneste", "På gudstjeneste", "Jumalanpalveluksessa",
			      "Na bohoslužbě", "На богослужении"},
};

/* Do not disturb is a case. */
static const char *const shows[][LANGUAGES] = {
	[SHOW_NONE] = {"Available", "Verfügbar", "Disponible", "Disponible", "Disponibile",
		       "Beschikbaar", "Disponível", "Dostępny", "Tillgänglig", "Tilgængelig",
		       "Tilgjengelig", "Paikalla", "K dispozici", "Доступен"},
	[SHOW_AWAY] = {"Away", "Abwesend", "Absent", "Ausente", "Assente", "Afwezig", "Ausente",
		       "Nieobecny", "Frånvarande", "Fraværende", "Borte", "Poissa", "Nepřítomen",
		       "Отошёл"},
	[SHOW_CHAT] = {"Free to chat", "Gesprächsbereit", "Disponible pour discuter",
		       "Libre para hablar", "Libero per parlare", "Vrij voor een gesprek",
		       "Livre para conversar", "Chętny do rozmowy", "Vill prata",
		       "Klar til at snakke", "Klar for prat", "Juttutuulella", "Ochoten mluvit",
		       "Готов общаться"},
	[SHOW_XA] = {"Away for long", "Länger abwesend", "Absent pour longtemps",
		     "Ausente por mucho tiempo", "Assente a lungo", "Lang afwezig",
		     "Ausente por muito tempo", "Nieobecny dłużej", "Borta länge",
		     "Længe fraværende", "Borte lenge", "Poissa pitkään", "Dlouho nepřítomen",
		     "Давно отошёл"},
};

static const char *const offline[LANGUAGES] = {
	"Offline", "Offline", "Hors ligne", "Desconectado", "Offline", "Offline", "Offline",
	"Offline", "Offline", "Offline",    "Frakoblet",    "Offline", "Offline", "Не в сети"};

struct row {
	const char *word;
	const char *in[LANGUAGES];
};

/* RFC 4589 without other and unknown. */
static const struct row places[] = {
	{"aircraft",
	 {"Aircraft", "Flugzeug", "Avion", "Avión", "Aereo", "Vliegtuig", "Avião", "Samolot",
	  "Flygplan", "Fly", "Fly", "Lentokone", "Letadlo", "Самолёт"}},
	{"airport",
	 {"Airport", "Flughafen", "Aéroport", "Aeropuerto", "Aeroporto", "Luchthaven", "Aeroporto",
	  "Lotnisko", "Flygplats", "Lufthavn", "Flyplass", "Lentoasema", "Letiště", "Аэропорт"}},
	{"arena",
	 {"Arena", "Arena", "Arène", "Arena", "Arena", "Arena", "Arena", "Arena", "Arena", "Arena",
	  "Arena", "Areena", "Aréna", "Арена"}},
	{"automobile",
	 {"Car", "Auto", "Voiture", "Coche", "Auto", "Auto", "Carro", "Samochód", "Bil", "Bil",
	  "Bil", "Auto", "Auto", "Автомобиль"}},
	{"bank",
	 {"Bank", "Bank", "Banque", "Banco", "Banca", "Bank", "Banco", "Bank", "Bank", "Bank",
	  "Bank", "Pankki", "Banka", "Банк"}},
	{"bar",
	 {"Bar", "Bar", "Bar", "Bar", "Bar", "Bar", "Bar", "Bar", "Bar", "Bar", "Bar", "Baari",
	  "Bar", "Бар"}},
	{"bicycle",
	 {"Bicycle", "Fahrrad", "Vélo", "Bicicleta", "Bicicletta", "Fiets", "Bicicleta", "Rower",
	  "Cykel", "Cykel", "Sykkel", "Polkupyörä", "Kolo", "Велосипед"}},
	{"bus",
	 {"Bus", "Bus", "Bus", "Autobús", "Autobus", "Bus", "Ônibus", "Autobus", "Buss", "Bus",
	  "Buss", "Bussi", "Autobus", "Автобус"}},
	{"bus-station",
	 {"Bus station", "Busbahnhof", "Gare routière", "Estación de autobuses", "Autostazione",
	  "Busstation", "Rodoviária", "Dworzec autobusowy", "Busstation", "Busstation",
	  "Busstasjon", "Linja-autoasema", "Autobusové nádraží", "Автовокзал"}},
	{"cafe",
	 {"Café", "Café", "Café", "Cafetería", "Caffè", "Café", "Café", "Kawiarnia", "Kafé", "Café",
	  "Kafé", "Kahvila", "Kavárna", "Кафе"}},
	{"classroom",
	 {"Classroom", "Klassenzimmer", "Salle de classe", "Aula", "Aula", "Klaslokaal",
	  "Sala de aula", "Sala lekcyjna", "Klassrum", "Klasseværelse", "Klasserom", "Luokkahuone",
	  "Učebna", "Класс"}},
	{"club",
	 {"Club", "Club", "Club", "Club", "Club", "Club", "Clube", "Klub", "Klubb", "Klub", "Klubb",
	  "Klubi", "Klub", "Клуб"}},
	{"construction",
	 {"Building site", "Baustelle", "Chantier", "Obra", "Cantiere", "Bouwplaats",
	  "Canteiro de obras", "Plac budowy", "Byggplats", "Byggeplads", "Byggeplass",
	  "Rakennustyömaa", "Staveniště", "Стройка"}},
	{"convention-center",
	 {"Convention centre", "Kongresszentrum", "Centre de congrès", "Centro de congresos",
	  "Centro congressi", "Congrescentrum", "Centro de convenções", "Centrum kongresowe",
	  "Kongresscenter", "Kongrescenter", "Kongressenter", "Kongressikeskus",
	  "Kongresové centrum", "Конгресс-центр"}},
	{"government",
	 {"Government office", "Behörde", "Administration", "Oficina pública", "Ufficio pubblico",
	  "Overheidsgebouw", "Repartição pública", "Urząd", "Myndighet", "Offentlig myndighed",
	  "Offentlig kontor", "Virasto", "Úřad", "Госучреждение"}},
	{"hospital",
	 {"Hospital", "Krankenhaus", "Hôpital", "Hospital", "Ospedale", "Ziekenhuis", "Hospital",
	  "Szpital", "Sjukhus", "Hospital", "Sykehus", "Sairaala", "Nemocnice", "Больница"}},
	{"hotel",
	 {"Hotel", "Hotel", "Hôtel", "Hotel", "Hotel", "Hotel", "Hotel", "Hotel", "Hotell", "Hotel",
	  "Hotell", "Hotelli", "Hotel", "Гостиница"}},
	{"industrial",
	 {"Industrial site", "Industriegelände", "Site industriel", "Zona industrial",
	  "Zona industriale", "Industrieterrein", "Área industrial", "Teren przemysłowy",
	  "Industriområde", "Industriområde", "Industriområde", "Teollisuusalue",
	  "Průmyslový areál", "Промзона"}},
	{"library",
	 {"Library", "Bibliothek", "Bibliothèque", "Biblioteca", "Biblioteca", "Bibliotheek",
	  "Biblioteca", "Biblioteka", "Bibliotek", "Bibliotek", "Bibliotek", "Kirjasto", "Knihovna",
	  "Библиотека"}},
	{"motorcycle",
	 {"Motorcycle", "Motorrad", "Moto", "Moto", "Moto", "Motor", "Moto", "Motocykl",
	  "Motorcykel", "Motorcykel", "Motorsykkel", "Moottoripyörä", "Motocykl", "Мотоцикл"}},
	{"office",
	 {"Office", "Büro", "Bureau", "Oficina", "Ufficio", "Kantoor", "Escritório", "Biuro",
	  "Kontor", "Kontor", "Kontor", "Toimisto", "Kancelář", "Офис"}},
	{"outdoors",
	 {"Outdoors", "Im Freien", "En plein air", "Al aire libre", "All'aperto", "Buiten",
	  "Ao ar livre", "Na zewnątrz", "Utomhus", "Udendørs", "Utendørs", "Ulkona", "Venku",
	  "На улице"}},
	{"parking",
	 {"Car park", "Parkplatz", "Parking", "Aparcamiento", "Parcheggio", "Parkeerplaats",
	  "Estacionamento", "Parking", "Parkering", "Parkeringsplads", "Parkeringsplass",
	  "Pysäköintialue", "Parkoviště", "Парковка"}},
	{"place-of-worship",
	 {"Place of worship", "Gotteshaus", "Lieu de culte", "Lugar de culto", "Luogo di culto",
	  "Gebedshuis", "Local de culto", "Miejsce kultu", "Gudstjänstlokal", "Gudshus", "Gudshus",
	  "Pyhäkkö", "Svatostánek", "Храм"}},
	{"prison",
	 {"Prison", "Gefängnis", "Prison", "Prisión", "Prigione", "Gevangenis", "Prisão",
	  "Więzienie", "Fängelse", "Fængsel", "Fengsel", "Vankila", "Věznice", "Тюрьма"}},
	{"public",
	 {"Public place", "Öffentlicher Ort", "Lieu public", "Lugar público", "Luogo pubblico",
	  "Openbare plaats", "Local público", "Miejsce publiczne", "Offentlig plats",
	  "Offentligt sted", "Offentlig sted", "Julkinen paikka", "Veřejné místo",
	  "Общественное место"}},
	{"public-transport",
	 {"Public transport", "Öffentliche Verkehrsmittel", "Transports en commun",
	  "Transporte público", "Mezzi pubblici", "Openbaar vervoer", "Transporte público",
	  "Transport publiczny", "Kollektivtrafik", "Offentlig transport", "Kollektivtransport",
	  "Joukkoliikenne", "Veřejná doprava", "Общественный транспорт"}},
	{"residence",
	 {"Home", "Wohnung", "Domicile", "Domicilio", "Abitazione", "Woning", "Residência",
	  "Mieszkanie", "Bostad", "Bolig", "Bolig", "Asunto", "Byt", "Жильё"}},
	{"restaurant",
	 {"Restaurant", "Restaurant", "Restaurant", "Restaurante", "Ristorante", "Restaurant",
	  "Restaurante", "Restauracja", "Restaurang", "Restaurant", "Restaurant", "Ravintola",
	  "Restaurace", "Ресторан"}},
	{"school",
	 {"School", "Schule", "École", "Escuela", "Scuola", "School", "Escola", "Szkoła", "Skola",
	  "Skole", "Skole", "Koulu", "Škola", "Школа"}},
	{"shopping-area",
	 {"Shopping area", "Einkaufsviertel", "Zone commerciale", "Zona comercial",
	  "Zona commerciale", "Winkelgebied", "Área comercial", "Centrum handlowe", "Köpcentrum",
	  "Indkøbsområde", "Handleområde", "Ostosalue", "Nákupní zóna", "Торговый район"}},
	{"stadium",
	 {"Stadium", "Stadion", "Stade", "Estadio", "Stadio", "Stadion", "Estádio", "Stadion",
	  "Stadion", "Stadion", "Stadion", "Stadion", "Stadion", "Стадион"}},
	{"store",
	 {"Shop", "Geschäft", "Magasin", "Tienda", "Negozio", "Winkel", "Loja", "Sklep", "Butik",
	  "Butik", "Butikk", "Kauppa", "Obchod", "Магазин"}},
	{"street",
	 {"Street", "Straße", "Rue", "Calle", "Strada", "Straat", "Rua", "Ulica", "Gata", "Gade",
	  "Gate", "Katu", "Ulice", "Улица"}},
	{"theater",
	 {"Theatre", "Theater", "Théâtre", "Teatro", "Teatro", "Theater", "Teatro", "Teatr",
	  "Teater", "Teater", "Teater", "Teatteri", "Divadlo", "Театр"}},
	{"train",
	 {"Train", "Zug", "Train", "Tren", "Treno", "Trein", "Trem", "Pociąg", "Tåg", "Tog", "Tog",
	  "Juna", "Vlak", "Поезд"}},
	{"train-station",
	 {"Railway station", "Bahnhof", "Gare", "Estación de tren", "Stazione", "Treinstation",
	  "Estação de trem", "Dworzec kolejowy", "Järnvägsstation", "Banegård", "Jernbanestasjon",
	  "Rautatieasema", "Nádraží", "Вокзал"}},
	{"truck",
	 {"Lorry", "Lastwagen", "Camion", "Camión", "Camion", "Vrachtwagen", "Caminhão",
	  "Ciężarówka", "Lastbil", "Lastbil", "Lastebil", "Kuorma-auto", "Nákladní auto",
	  "Грузовик"}},
	{"underway",
	 {"On the way", "Unterwegs", "En route", "En camino", "In viaggio", "Onderweg",
	  "Em trânsito", "W drodze", "På väg", "Undervejs", "Underveis", "Matkalla", "Na cestě",
	  "В пути"}},
	{"warehouse",
	 {"Warehouse", "Lager", "Entrepôt", "Almacén", "Magazzino", "Magazijn", "Armazém",
	  "Magazyn", "Lager", "Lager", "Lager", "Varasto", "Sklad", "Склад"}},
	{"water",
	 {"On the water", "Auf dem Wasser", "Sur l'eau", "En el agua", "In acqua", "Op het water",
	  "Na água", "Na wodzie", "På vattnet", "På vandet", "På vannet", "Vesillä", "Na vodě",
	  "На воде"}},
	{"watercraft",
	 {"Boat", "Schiff", "Bateau", "Barco", "Barca", "Boot", "Barco", "Łódź", "Båt", "Båd",
	  "Båt", "Vene", "Loď", "Судно"}},
};

static const struct row spheres[] = {
	{"home",
	 {"At home", "Zu Hause", "À la maison", "En casa", "A casa", "Thuis", "Em casa", "W domu",
	  "Hemma", "Hjemme", "Hjemme", "Kotona", "Doma", "Дома"}},
	{"work",
	 {"At work", "Bei der Arbeit", "Au travail", "En el trabajo", "Al lavoro", "Op het werk",
	  "No trabalho", "W pracy", "På jobbet", "På arbejde", "På jobb", "Töissä", "V práci",
	  "На работе"}},
};

/* "ok" is not worth a word. */
static const struct row audios[] = {
	{"noisy",
	 {"Noisy", "Laut", "Bruyant", "Ruidoso", "Rumoroso", "Lawaaierig", "Barulhento", "Głośno",
	  "Bullrigt", "Larmende", "Støyende", "Meluisaa", "Hlučno", "Шумно"}},
	{"quiet",
	 {"Quiet", "Ruhig", "Calme", "Silencioso", "Silenzioso", "Stil", "Silencioso", "Cicho",
	  "Tyst", "Stille", "Stille", "Hiljaista", "Ticho", "Тихо"}},
};

static const struct row videos[] = {
	{"dark",
	 {"Dark", "Dunkel", "Sombre", "Oscuro", "Buio", "Donker", "Escuro", "Ciemno", "Mörkt",
	  "Mørkt", "Mørkt", "Pimeää", "Tma", "Темно"}},
	{"toobright",
	 {"Too bright", "Zu hell", "Trop clair", "Demasiada luz", "Troppo luminoso", "Te licht",
	  "Claro demais", "Za jasno", "För ljust", "For lyst", "For lyst", "Liian kirkasta",
	  "Příliš světla", "Слишком светло"}},
};

static const struct row texts[] = {
	{"inappropriate",
	 {"Hard to write", "Schreiben ungünstig", "Difficile d'écrire", "Difícil escribir",
	  "Difficile scrivere", "Schrijven lastig", "Difícil escrever", "Trudno pisać",
	  "Svårt att skriva", "Svært at skrive", "Vanskelig å skrive", "Vaikea kirjoittaa",
	  "Nevhodné k psaní", "Неудобно писать"}},
	{"uncomfortable",
	 {"Hard to write", "Schreiben ungünstig", "Difficile d'écrire", "Difícil escribir",
	  "Difficile scrivere", "Schrijven lastig", "Difícil escrever", "Trudno pisać",
	  "Svårt att skriva", "Svært at skrive", "Vanskelig å skrive", "Vaikea kirjoittaa",
	  "Nevhodné k psaní", "Неудобно писать"}},
};

static const char *const pleas[LANGUAGES] = {
	"The phones of ",   "Die Telefone von ", "Les téléphones de ", "Los teléfonos de ",
	"I telefoni di ",   "De telefoons van ", "Os telefones de ",   "Telefony ",
	"Telefonerna hos ", "Telefonerne hos ",  "Telefonene hos ",    "Puhelimet verkossa ",
	"Telefony ",        "Телефоны "};

static const char *const plea_rests[LANGUAGES] = {
	" ask to see whether you are there. Your answer holds for all of them.",
	" möchten sehen, ob Sie da sind. Ihre Antwort gilt für alle.",
	" souhaitent voir si vous êtes là. Votre réponse vaut pour tous.",
	" desean ver si está disponible. Su respuesta vale para todos.",
	" desiderano vedere se è disponibile. La risposta vale per tutti.",
	" willen zien of u er bent. Uw antwoord geldt voor allemaal.",
	" desejam ver se está disponível. A sua resposta vale para todos.",
	" chcą widzieć Twoją dostępność. Odpowiedź dotyczy wszystkich.",
	" vill se om du är där. Ditt svar gäller alla.",
	" vil gerne se, om du er der. Dit svar gælder dem alle.",
	" vil gjerne se om du er der. Svaret ditt gjelder alle.",
	" haluavat nähdä, oletko paikalla. Vastauksesi koskee niitä kaikkia.",
	" chtějí vidět, zda jste k dispozici. Vaše odpověď platí pro všechny.",
	" хотят видеть, на месте ли вы. Ваш ответ относится ко всем."};

static const char *const prompts[LANGUAGES] = {
	"Number or SIP address",    "Rufnummer oder SIP-Adresse", "Numéro ou adresse SIP",
	"Número o dirección SIP",   "Numero o indirizzo SIP",     "Nummer of SIP-adres",
	"Número ou endereço SIP",   "Numer lub adres SIP",        "Nummer eller SIP-adress",
	"Nummer eller SIP-adresse", "Nummer eller SIP-adresse",   "Numero tai SIP-osoite",
	"Číslo nebo adresa SIP",    "Номер или адрес SIP"};

static const char *const prompt_texts[LANGUAGES] = {
	"Enter the number or the SIP address of the person.",
	"Geben Sie die Rufnummer oder die SIP-Adresse der Person ein.",
	"Saisissez le numéro ou l'adresse SIP de la personne.",
	"Introduzca el número o la dirección SIP de la persona.",
	"Inserisca il numero o l'indirizzo SIP della persona.",
	"Voer het nummer of het SIP-adres van de persoon in.",
	"Introduza o número ou o endereço SIP da pessoa.",
	"Podaj numer lub adres SIP tej osoby.",
	"Ange personens nummer eller SIP-adress.",
	"Indtast personens nummer eller SIP-adresse.",
	"Skriv inn nummeret eller SIP-adressen til personen.",
	"Anna henkilön numero tai SIP-osoite.",
	"Zadejte číslo nebo adresu SIP dané osoby.",
	"Введите номер или адрес SIP абонента."};

#define ROWS(table) table, sizeof table / sizeof *table

static const struct {
	const struct row *rows;
	size_t count;
} vocabularies[] = {
	[WORD_PLACE] = {ROWS(places)}, [WORD_SPHERE] = {ROWS(spheres)},
	[WORD_AUDIO] = {ROWS(audios)}, [WORD_VIDEO] = {ROWS(videos)},
	[WORD_TEXT] = {ROWS(texts)},
};

int presence_words_language(const char *tag)
{
	size_t n = strcspn(tag, "-");

	if (n == 2 && strncasecmp(tag, "no", 2) == 0)
		tag = "nb"; /* the macrolanguage */
	for (int i = 0; i < LANGUAGES; i++) {
		if (n == strlen(tags[i]) && strncasecmp(tag, tags[i], n) == 0)
			return i;
	}
	return -1;
}

const char *presence_words_tag(int language)
{
	return language >= 0 && language < LANGUAGES ? tags[language] : NULL;
}

const char *presence_words_case(int language, enum presence_case which)
{
	return cases[which][language];
}

const char *presence_words_show(int language, enum show show)
{
	return show == SHOW_DND ? cases[CASE_DND][language] : shows[show][language];
}

const char *presence_words_offline(int language)
{
	return offline[language];
}

const char *presence_words_plea(int language)
{
	return pleas[language];
}

const char *presence_words_plea_rest(int language)
{
	return plea_rests[language];
}

const char *presence_words_prompt(int language)
{
	return prompts[language];
}

const char *presence_words_prompt_text(int language)
{
	return prompt_texts[language];
}

const char *presence_words_activity(int language, enum activity activity)
{
	return activities[activity][language];
}

const char *presence_words_other(int language, enum presence_word kind, const char *word)
{
	for (size_t i = 0; i < vocabularies[kind].count; i++) {
		if (strcmp(vocabularies[kind].rows[i].word, word) == 0)
			return vocabularies[kind].rows[i].in[language];
	}
	return NULL;
}
