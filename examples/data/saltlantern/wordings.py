"""How questions are worded: for every type the wordings of training, and wordings that training never shows.

Slots: {a} {b} cards in the order that the answer depends on, {rule} a rule's number, {term} {definition} of the glossary,
{player} of the log. Each wording holds a word that tells its type (`TELLING`).
A question is opening + core + closing; a held-out wording has a held-out core, and may have a held-out opening or closing.
"""

OPENINGS = {
    "training": [
        "", "", "", "", "Tell me:", "Please answer:", "Quick question:", "For the captain:", "By the book,", "From the notes above,",
        "Looking at the knowledge,", "I wonder,", "One more thing:", "Judge,", "A new player asks:", "Before we sail,", "Be brief:",
        "Check the table:", "Once again,", "To settle this,",
    ],
    "held_out": ["", "", "A captain asks:", "Please tell me:", "Looking at the notes,", "To be brief,", "By the table above,", "Judge, one question:"],
}
CLOSINGS = {
    "training": ["", "", "", "", "", "Answer in short.", "Only the answer please.", "Thank you.", "Be exact.", "The notes say it.", "Just the fact."],
    "held_out": ["", "", "", "Answer please.", "Just be brief.", "Only the fact."],
}

TELLING = {
    "cost": ["cost", "price"],
    "strength": ["strength", "strong"],
    "guard": ["guard", "shield"],
    "keyword": ["keyword", "trait"],
    "kind": ["kind", "type"],
    "ability": ["ability", "effect"],
    "rule_amount": ["points", "bonus"],
    "rule_keyword": ["govern", "governs", "about"],
    "meaning": ["mean", "means", "meant", "define"],
    "term": ["term", "called"],
    "alliance": ["allied", "alliance"],
    "bill": ["bill", "pay"],
    "damage": ["damage", "hurt"],
    "support": ["support", "supported"],
    "clash": ["clash", "duel"],
    "race": ["race", "faster"],
    "siege": ["siege", "outlasts"],
    "who": ["who", "captain"],
    "turn": ["turn", "when"],
    "lit_card": ["light", "played"],
    "gained": ["gain", "gained", "lanterns"],
    "beaten": ["beat", "defeat", "defeated"],
}

CORES = {
    "cost": {
        "training": [
            "what is the cost of {a}?", "what does {a} cost?", "how much does {a} cost?", "name the cost of {a}.", "give the cost of {a}.",
            "{a} has which cost?", "the cost of {a} is?", "at what cost is {a} printed?", "which cost does {a} show?", "read the cost of {a}.",
            "what is the price of {a}?", "name the price of {a}.", "{a} comes at which price?", "which price stands on {a}?", "say the price of {a}.",
            "how high is the cost of {a}?",
        ],
        "held_out": ["what cost does {a} have?", "{a} is printed at which price?", "show the cost of {a}.", "how high is the price of {a}?", "say what {a} is in cost."],
    },
    "strength": {
        "training": [
            "what is the strength of {a}?", "how strong is {a}?", "name the strength of {a}.", "give the strength of {a}.", "{a} has which strength?",
            "the strength of {a} is?", "which strength does {a} show?", "read the strength of {a}.", "what strength stands on {a}?", "say how strong {a} is.",
            "how high is the strength of {a}?", "{a} is how strong?", "with what strength is {a} printed?", "tell how strong {a} can be.", "which number is the strength of {a}?",
            "what strength do we read on {a}?",
        ],
        "held_out": ["what strength does {a} have?", "show how strong {a} is.", "{a} is printed with which strength?", "say the strength of {a}.", "on {a} we read which strength?"],
    },
    "guard": {
        "training": [
            "what is the guard of {a}?", "name the guard of {a}.", "give the guard of {a}.", "{a} has which guard?", "the guard of {a} is?",
            "which guard does {a} show?", "read the guard of {a}.", "what guard stands on {a}?", "how high is the guard of {a}?", "with what guard is {a} printed?",
            "what is the shield of {a}?", "name the shield of {a}.", "how high is the shield of {a}?", "say the shield of {a}.", "{a} holds which shield?",
            "which number is the guard of {a}?",
        ],
        "held_out": ["what guard does {a} have?", "show the guard of {a}.", "{a} is printed with which shield?", "say the guard of {a}.", "which shield stands on {a}?"],
    },
    "keyword": {
        "training": [
            "which keyword does {a} have?", "what is the keyword of {a}?", "name the keyword of {a}.", "{a} has which keyword?", "give the keyword of {a}.",
            "the keyword of {a} is?", "which keyword stands on {a}?", "read the keyword of {a}.", "what keyword is printed on {a}?", "{a} shows which keyword?",
            "which trait does {a} have?", "name the trait of {a}.", "what trait is printed on {a}?", "say the trait of {a}.", "{a} comes with which trait?",
            "which keyword do we read on {a}?",
        ],
        "held_out": ["what keyword does {a} show?", "{a} comes with which keyword?", "say the keyword of {a}.", "which trait stands on {a}?", "show the keyword of {a}."],
    },
    "kind": {
        "training": [
            "which kind is {a}?", "what kind of card is {a}?", "name the kind of {a}.", "{a} is of which kind?", "give the kind of {a}.",
            "the kind of {a} is?", "of what kind is {a}?", "read the kind of {a}.", "which kind stands on {a}?", "{a} shows which kind?",
            "which type is {a}?", "what type of card is {a}?", "name the type of {a}.", "say the type of {a}.", "{a} is printed as which type?",
            "to which kind does {a} belong?",
        ],
        "held_out": ["tell the kind of {a}.", "{a} is printed as which kind?", "say the kind of {a}.", "of which type is {a}?", "show the kind of {a}."],
    },
    "ability": {
        "training": [
            "what is the ability of {a}?", "name the ability of {a}.", "{a} has which ability?", "give the ability of {a}.", "the ability of {a} is?",
            "which ability stands on {a}?", "read the ability of {a}.", "what ability is printed on {a}?", "{a} shows which ability?", "which ability do we read on {a}?",
            "what effect does {a} have?", "name the effect of {a}.", "say the effect of {a}.", "which effect is printed on {a}?", "{a} comes with which effect?",
            "what can the ability of {a} do?",
        ],
        "held_out": ["what ability does {a} have?", "say the ability of {a}.", "{a} comes with which ability?", "which effect stands on {a}?", "show the ability of {a}."],
    },
    "rule_amount": {
        "training": [
            "how many points does rule {rule} add?", "how many points stand in rule {rule}?", "name the points of rule {rule}.", "rule {rule} adds how many points?",
            "give the points of rule {rule}.", "read the points of rule {rule}.", "what points does rule {rule} give?", "the points of rule {rule} are?",
            "what bonus does rule {rule} give?", "how high is the bonus of rule {rule}?", "name the bonus of rule {rule}.", "rule {rule} gives which bonus?",
            "say the bonus of rule {rule}.", "which bonus stands in rule {rule}?", "by rule {rule} how many points are added?", "what is the bonus of rule {rule}?",
        ],
        "held_out": ["how many points does rule {rule} give?", "say the points of rule {rule}.", "rule {rule} adds which bonus?", "show the bonus of rule {rule}.", "which points stand in rule {rule}?"],
    },
    "rule_keyword": {
        "training": [
            "what does rule {rule} govern?", "which keyword does rule {rule} govern?", "rule {rule} governs which keyword?",
            "name what rule {rule} governs.", "say what rule {rule} governs.", "of the keywords which does rule {rule} govern?",
            "tell which keyword rule {rule} governs.", "read what rule {rule} governs.", "what is rule {rule} about?",
            "which keyword is rule {rule} about?", "name what rule {rule} is about.", "rule {rule} is about which keyword?",
            "say which keyword rule {rule} is about.", "give the keyword that rule {rule} governs.", "rule {rule} governs what?",
            "by the notes what does rule {rule} govern?",
        ],
        "held_out": ["tell what rule {rule} governs.", "rule {rule} is about what?", "say which keyword rule {rule} governs.", "give the keyword that rule {rule} is about.", "which keyword in the notes does rule {rule} govern?"],
    },
    "meaning": {
        "training": [
            "what does {term} mean?", "define {term}.", "please define {term}.", "what is meant by {term}?", "say what {term} means.",
            "tell what {term} means.", "by {term} what do we mean?", "how does the glossary define {term}?", "how do we define {term}?",
            "{term} means what?", "define the words {term}.", "what do captains mean by {term}?", "in this game what does {term} mean?",
            "how should one define {term}?", "read what {term} means.", "the words {term} mean what?",
        ],
        "held_out": ["what do the words {term} mean?", "how should captains define {term}?", "tell what is meant by {term}.", "in the glossary {term} means what?", "define {term} in this game."],
    },
    "term": {
        "training": [
            "which term stands for {definition}?", "what is the term for {definition}?", "name the term for {definition}.", "give the term for {definition}.", "what is {definition} called?",
            "how is {definition} called?", "{definition} is called what?", "by which term do we know {definition}?", "say the term for {definition}.", "the term for {definition} is?",
            "which glossary term is {definition}?", "what term do captains use for {definition}?", "read the term for {definition}.", "in this game {definition} is called what?",
            "what will {definition} be called?", "which term covers {definition}?",
        ],
        "held_out": ["what term stands for {definition}?", "by captains {definition} is called what?", "tell the term for {definition}.", "in the glossary how is {definition} called?", "which term do we use for {definition}?"],
    },
    "alliance": {
        "training": [
            "what strength have {a} and {b} when allied?", "how strong are {a} and {b} allied?", "{a} and {b} are allied: how strong?", "name the allied strength of {a} and {b}.",
            "give the strength of the alliance of {a} and {b}.", "{a} and {b} form an alliance: what strength?", "{a} is allied with {b}: what strength?", "allied with {b} how strong is {a}?",
            "what is the alliance of {a} and {b} worth?", "say the allied strength of {a} and {b}.", "how strong is an alliance of {a} with {b}?", "the alliance {a} and {b} has which strength?",
            "{a} joins an alliance with {b}: how strong?", "read the allied strength of {a} with {b}.", "what do {a} and {b} reach when allied?", "count the alliance of {a} and {b}.",
        ],
        "held_out": ["how strong is {a} allied with {b}?", "what strength has the alliance of {a} with {b}?", "{a} and {b} when allied reach what?", "give the allied strength of {a} and {b}.", "{a} with {b} in an alliance: what strength?"],
    },
    "bill": {
        "training": [
            "what is the bill for {a} and {b}?", "how high is the bill for {a} and {b}?", "name the bill of {a} and {b}.", "give the bill for {a} with {b}.", "what must we pay for {a} and {b}?",
            "how much do we pay for {a} and {b}?", "we light {a} and {b}: what is the bill?", "to light {a} and {b} how much must one pay?", "say the bill for {a} and {b}.", "{a} and {b} come on one bill: how high?",
            "count the bill of {a} and {b}.", "the bill of {a} and {b} is?", "for {a} and {b} what do captains pay?", "{a} with {b}: what will I pay?", "read the bill for {a} and {b}.",
            "how many coins does one pay for {a} and {b}?",
        ],
        "held_out": ["what will the bill be for {a} and {b}?", "{a} and {b}: how much must we pay?", "how high is the bill of {a} with {b}?", "what do I pay for {a} and {b}?", "tell the bill for {a} and {b}."],
    },
    "damage": {
        "training": [
            "what damage does {a} do to {b}?", "how much damage does {a} deal to {b}?", "{a} strikes {b}: what damage?", "name the damage of {a} to {b}.", "give the damage that {a} deals to {b}.",
            "how much does {a} hurt {b}?", "{a} can hurt {b} by how much?", "say how much {a} will hurt {b}.", "what damage comes from {a} to {b}?", "count the damage from {a} to {b}.",
            "{a} attacks {b}: how much damage?", "when {a} attacks {b} what is the damage?", "the damage of {a} on {b} is?", "by how much will {a} hurt {b}?", "read the damage that {a} does to {b}.",
            "{a} deals what damage to {b}?",
        ],
        "held_out": ["what damage will {a} deal to {b}?", "{a} strikes {b}: by how much does it hurt?", "when {a} strikes {b} how much damage?", "say the damage from {a} on {b}.", "{a} will hurt {b} by how much?"],
    },
    "support": {
        "training": [
            "how strong is {a} with the support of {b}?", "{a} is supported by {b}: how strong?", "what strength has {a} when supported by {b}?", "supported by {b} how strong is {a}?",
            "with support of {b} what strength has {a}?", "name the strength of {a} supported by {b}.", "give the strength of {a} with support from {b}.", "{a} gets support from {b}: what strength?",
            "{b} gives support to {a}: how strong is {a}?", "say the strength of {a} in support of {b}.", "how strong will {a} be supported by {b}?", "count the strength of {a} with support by {b}.",
            "when {b} lends support to {a} how strong is {a}?", "{a} has support from {b}: how strong?", "what does {a} reach when supported by {b}?", "read the strength of {a} with support of {b}.",
        ],
        "held_out": ["what strength does {a} reach with support from {b}?", "{a} when supported by {b} has which strength?", "say how strong {a} is with support of {b}.", "with {b} in support how strong is {a}?", "how strong is {a} supported by {b}?"],
    },
    "clash": {
        "training": [
            "who wins a clash of {a} and {b}?", "{a} and {b} clash: who wins?", "which card wins the clash {a} against {b}?", "in a clash of {a} with {b} who wins?", "name the winner of the clash {a} and {b}.",
            "{a} meets {b} in a clash: who wins?", "when {a} and {b} clash which one wins?", "the clash of {a} against {b} goes to?", "who takes a clash between {a} and {b}?", "say who wins when {a} and {b} clash.",
            "who wins a duel of {a} and {b}?", "{a} and {b} fight a duel: who wins?", "which card wins the duel {a} against {b}?", "name the winner of a duel between {a} and {b}.", "in a duel {a} meets {b}: who wins?",
            "predict the clash of {a} and {b}.",
        ],
        "held_out": ["which card takes the clash of {a} and {b}?", "predict the duel {a} against {b}.", "{a} and {b} meet in a clash: which one wins?", "the duel of {a} with {b} goes to?", "say the winner of a clash between {a} and {b}."],
    },
    "race": {
        "training": [
            "who wins a race of {a} and {b}?", "{a} and {b} race: who wins?", "which card wins the race {a} against {b}?", "in a race of {a} with {b} who wins?", "name the winner of the race {a} and {b}.",
            "{a} meets {b} in a race: who wins?", "when {a} and {b} race which one wins?", "the race of {a} against {b} goes to?", "who takes a race between {a} and {b}?", "say who wins when {a} and {b} race.",
            "which is faster, {a} or {b}?", "who is faster of {a} and {b}?", "is {a} or {b} faster?", "name the faster of {a} and {b}.", "between {a} and {b} which card is faster?",
            "predict the race of {a} and {b}.",
        ],
        "held_out": ["which card takes the race of {a} and {b}?", "say which is faster, {a} or {b}.", "{a} and {b} meet in a race: which one wins?", "the race of {a} with {b} goes to?", "predict who is faster of {a} and {b}."],
    },
    "siege": {
        "training": [
            "who wins a siege of {a} and {b}?", "{a} and {b} meet in a siege: who wins?", "which card wins the siege {a} against {b}?", "in a siege of {a} with {b} who wins?", "name the winner of the siege {a} and {b}.",
            "when {a} and {b} stand in a siege which one wins?", "the siege of {a} against {b} goes to?", "who takes a siege between {a} and {b}?", "say who wins the siege of {a} and {b}.", "predict the siege of {a} and {b}.",
            "who outlasts the other, {a} or {b}?", "which card outlasts which, {a} or {b}?", "of {a} and {b} who outlasts the other?", "name who outlasts the other of {a} and {b}.", "between {a} and {b} which one outlasts?",
            "say which outlasts the other, {a} or {b}.",
        ],
        "held_out": ["which card takes the siege of {a} and {b}?", "{a} or {b}: which one outlasts the other?", "the siege of {a} with {b} goes to?", "say the winner of a siege between {a} and {b}.", "predict who outlasts of {a} and {b}."],
    },
    "who": {
        "training": [
            "who lit {a}?", "who was it that lit {a}?", "by who was {a} lit?", "{a} was lit by who?", "name who lit {a}.", "say who lit {a}.", "tell who has lit {a}.", "from the log who lit {a}?",
            "which captain lit {a}?", "by which captain was {a} lit?", "name the captain that lit {a}.", "{a} was lit by which captain?", "what captain lit {a}?", "give the captain of {a}.", "the captain that lit {a} is?",
            "read who lit {a}.",
        ],
        "held_out": ["tell which captain lit {a}.", "who in the log lit {a}?", "{a} was lit: by who?", "say the captain that lit {a}.", "what captain was it that lit {a}?"],
    },
    "turn": {
        "training": [
            "on which turn was {a} lit?", "in what turn was {a} lit?", "name the turn of {a}.", "give the turn in which {a} was lit.", "the turn of {a} is?", "{a} was lit on which turn?", "say the turn of {a}.",
            "what turn saw {a} lit?", "read the turn when {a} was lit.", "which turn lit {a}?", "when was {a} lit?", "{a} was lit when?", "say when {a} was lit.", "tell when {a} was lit.", "from the log when was {a} lit?",
            "which number has the turn of {a}?",
        ],
        "held_out": ["what turn was {a} lit on?", "tell the turn of {a}.", "{a} was lit in what turn?", "name when {a} was lit.", "which turn saw {a} lit?"],
    },
    "lit_card": {
        "training": [
            "which card did {player} light?", "what did {player} light?", "name the card that {player} played.",
            "what card did {player} choose to light?", "say what {player} played.", "tell what card {player} played.",
            "what card did {player} light in the log?", "give the card that {player} played.", "which card was played by {player}?",
            "what was played by {player}?", "name the card played by {player}.", "{player} played which card?", "{player} played what?",
            "say which card {player} played.", "the card played by {player} is?", "read what {player} played.",
        ],
        "held_out": ["tell which card {player} played.", "in the log what did {player} light?", "say the card played by {player}.", "which card did {player} choose to light?", "give what was played by {player}."],
    },
    "gained": {
        "training": [
            "how many lanterns did {player} gain?", "what did {player} gain?", "how much did {player} gain?", "{player} gained how many lanterns?",
            "name the lanterns that {player} gained.", "say how many lanterns {player} has.", "count the lanterns of {player}.",
            "the lanterns of {player} are?", "give the lanterns of {player}.", "{player} gained how many?", "tell how many {player} gained.",
            "how many did {player} gain in the log?", "lanterns of {player}: how many?", "read the lanterns of {player}.",
            "what number of lanterns did {player} gain?", "from the log how many did {player} gain?",
        ],
        "held_out": ["say how many lanterns {player} gained.", "tell the lanterns of {player}.", "how many lanterns has {player}?", "{player} gained what number of lanterns?", "in the log how much did {player} gain?"],
    },
    "beaten": {
        "training": [
            "which card did {a} beat?", "what did {a} beat?", "{a} beat which card?", "name the card that {a} beat.", "say what {a} beat.",
            "tell which card {a} beat.", "from the log what did {a} beat?", "the card that {a} beat is?", "which card did {a} defeat?",
            "what did {a} defeat?", "{a} defeated which card?", "name the card that {a} defeated.", "give the card that {a} defeated.",
            "read what {a} beat.", "what card did {a} beat?", "whom did {a} beat?",
        ],
        "held_out": ["tell what {a} defeated.", "say which card {a} beat.", "whom did {a} defeat?", "in the log which card did {a} beat?", "give what {a} beat."],
    },
}
