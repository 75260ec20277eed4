"""The closed word lists that every name, keyword and definition of the game is made of."""

FIRST = (
    "Salt Amber Moss Iron Dusk Pale Tidal Copper Silver Hollow Storm Ember Frost Velvet Marsh Coral Bramble "
    "Cinder Winter Thorn Gilded Shadow River Lunar Ashen Crimson Quiet Wild Stone Glass Bronze Misty Sunken "
    "Pearl Willow Raven Opal Rust Harbor Northern Silent Broken Ancient Bright Hidden Golden Bitter Drowned"
).split()

SECOND = (
    "Dancer Warden Keeper Pilot Heron Otter Weaver Smith Singer Rider Hound Fox Drake Serpent Golem Piper "
    "Scribe Herald Turtle Crow Stag Moth Whale Squire Hermit Ferry Anchor Beacon Sailor Diver Mason Miller "
    "Archer Baker Captain Oracle Tinker Falcon Badger Lynx Spider Crab Seer Wanderer Gardener Baron Nomad "
    "Compass"
).split()

# Words that no training text contains: of the cards and terms whose very words are new.
NEW_FIRST = "Basalt Juniper Saffron Tundra Cobalt Meadow Walnut Granite Scarlet Indigo".split()
NEW_SECOND = "Juggler Walrus Tailor Puffin Notary Beetle Cobbler Marmot Fiddler Osprey".split()
NEW_TERM_FIRST = "crooked wooden frozen woven".split()
NEW_TERM_SECOND = "harness ladder basket kettle".split()

KINDS = "crew beast vessel charm relic haven".split()
KEYWORDS = (
    "moored luminous barnacled tidebound stowed feral gusty lucky veiled nimble brined hearty wary tolling "
    "rigged buoyant"
).split()
VERBS = "draws mends burns hauls scouts gathers rings mires".split()
PLAYERS = "Mira Joss Tamsin Orrin Pell Wren Dov Isla Bram Nell".split()

TERM_FIRST = "slack spring neap high low black false second blind deep long quick cold open".split()
TERM_SECOND = "water tide watch bell knot wake berth lamp haul flag crossing league".split()
STATES = "hidden lit doused turned lost paid borrowed marked spent doubled".split()
OBJECTS = "card crew beast vessel charm relic haven coin lantern".split()
PLACES = "hand play reserve port storage exile".split()

ATTRIBUTES = ("cost", "strength", "guard")
SMALLEST, LARGEST = 1, 9  # of a cost, strength or guard
