//! Reads nginx's language back, so that a rendered text can be held against what was meant.

/// One directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its name.
    pub name: String,
    /// Its arguments, unquoted.
    pub args: Vec<String>,
    /// What stands between its braces, where it has any.
    pub block: Vec<Self>,
}

impl Directive {
    /// The directives named `name`, at any depth below this one.
    #[must_use]
    pub fn all<'a>(&'a self, name: &str) -> Vec<&'a Self> {
        find_all(&self.block, name)
    }
}

/// The directives named `name`, at any depth.
#[must_use]
pub fn find_all<'a>(directives: &'a [Directive], name: &str) -> Vec<&'a Directive> {
    let mut found = Vec::new();
    for directive in directives {
        if directive.name == name {
            found.push(directive);
        }
        found.extend(directive.all(name));
    }
    found
}

/// Why a text is not nginx's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a configuration of nginx: {0}")]
pub struct NotNginx(&'static str);

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    End,
    Open,
    Close,
}

/// Parses a whole text.
pub fn parse(text: &str) -> Result<Vec<Directive>, NotNginx> {
    let mut tokens = tokens(text)?.into_iter();
    let (directives, closed) = block(&mut tokens)?;
    if closed { Err(NotNginx("a brace too many")) } else { Ok(directives) }
}

fn block(tokens: &mut impl Iterator<Item = Token>) -> Result<(Vec<Directive>, bool), NotNginx> {
    let mut directives = Vec::new();
    let mut words: Vec<String> = Vec::new();
    loop {
        let token = tokens.next();
        let inside = match token {
            Some(Token::Word(word)) => {
                words.push(word);
                continue;
            }
            Some(Token::End) => Vec::new(),
            Some(Token::Open) => match block(tokens)? {
                (inside, true) => inside,
                (_, false) => return Err(NotNginx("a brace is missing")),
            },
            Some(Token::Close) | None if !words.is_empty() => return Err(NotNginx("a semicolon is missing")),
            Some(Token::Close) => return Ok((directives, true)),
            None => return Ok((directives, false)),
        };
        if words.is_empty() {
            return Err(NotNginx("a directive has no name"));
        }
        let name = words.remove(0);
        directives.push(Directive { name, args: std::mem::take(&mut words), block: inside });
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, NotNginx> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        match c {
            ' ' | '\t' | '\n' | '\r' => {
                chars.next();
            }
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            ';' | '{' | '}' => {
                chars.next();
                tokens.push(match c {
                    ';' => Token::End,
                    '{' => Token::Open,
                    _ => Token::Close,
                });
            }
            '"' | '\'' => {
                chars.next();
                tokens.push(Token::Word(quoted(&mut chars, c)?));
            }
            _ => {
                let mut word = String::new();
                while let Some(c) = chars.next_if(|c| !matches!(c, ' ' | '\t' | '\n' | '\r' | ';' | '{' | '}')) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

fn quoted(chars: &mut impl Iterator<Item = char>, quote: char) -> Result<String, NotNginx> {
    let mut word = String::new();
    loop {
        match chars.next() {
            None => return Err(NotNginx("a quote is missing")),
            Some(c) if c == quote => return Ok(word),
            Some('\\') => match chars.next() {
                Some(c @ ('"' | '\'' | '\\')) => word.push(c),
                Some('n') => word.push('\n'),
                Some('r') => word.push('\r'),
                Some('t') => word.push('\t'),
                Some(c) => word.extend(['\\', c]),
                None => return Err(NotNginx("a quote is missing")),
            },
            Some(c) => word.push(c),
        }
    }
}
