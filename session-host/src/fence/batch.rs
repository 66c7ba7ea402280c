//! Plain Redis commands that run together behind the epoch check.

use std::sync::LazyLock;

use redis::ToRedisArgs;

use super::procedure::Procedure;

/// Arguments one command may have. Lua passes them on its stack, which ends at 8000 values.
const MAX_ARGS: usize = 4000;

/// ARGV: for each command the number of words that follow, then the words.
pub(super) static PROCEDURE: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
local replies, at = {}, 2
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  replies[#replies + 1] = redis.call(unpack(ARGV, at + 1, at + count))
  at = at + count + 1
end
return replies
",
    )
});

/// A list of commands for [`super::Fence::run`]. All keys must be of the fence's session.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    words: Vec<Vec<u8>>,
    too_long: bool,
}

impl Batch {
    /// No commands.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it has no commands.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds a command with its arguments: a tuple for mixed types, a slice for equal ones; bytes pass as they are.
    pub fn push(&mut self, command: &str, args: impl ToRedisArgs) -> &mut Self {
        let start = self.words.len();
        self.words.push(Vec::new());
        self.words.push(command.as_bytes().to_vec());
        args.write_redis_args(&mut self.words);
        let count = self.words.len() - start - 1;
        self.too_long |= count > MAX_ARGS;
        self.words[start] = count.to_string().into_bytes();
        self
    }

    /// Adds a command with any number of items behind its key, as several commands when there are many; none for no items.
    pub fn push_many<I: ToRedisArgs>(
        &mut self,
        command: &str,
        key: &str,
        items: impl IntoIterator<Item = I>,
    ) -> &mut Self {
        let mut args = vec![key.as_bytes().to_vec()];
        for item in items {
            let before = args.len();
            item.write_redis_args(&mut args);
            if args.len() >= MAX_ARGS {
                let rest = args.split_off(before);
                self.push(command, &args);
                args.truncate(1);
                args.extend(rest);
            }
        }
        if args.len() > 1 {
            self.push(command, &args);
        }
        self
    }

    pub(super) fn into_args(self) -> Option<Vec<Vec<u8>>> {
        (!self.too_long).then_some(self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_carry_their_length() {
        let mut batch = Batch::new();
        batch.push("HSET", ("key", "field", &[0_u8, 255][..])).push("DEL", "other");
        let words = batch.into_args().unwrap();
        let expected: [&[u8]; 7] = [b"4", b"HSET", b"key", b"field", &[0, 255], b"2", b"DEL"];
        assert_eq!(words[..7], expected);
        assert_eq!(words[7..], [b"other"]);
    }

    #[test]
    fn many_items_become_several_commands_and_no_pair_is_torn() {
        let items: Vec<(u32, u32)> = (0..5000).map(|n| (n, n)).collect();
        let mut batch = Batch::new();
        batch.push_many("HSET", "key", items);
        let words = batch.into_args().unwrap();
        let (mut at, mut commands, mut seen) = (0, 0, 0);
        while at < words.len() {
            let count: usize = std::str::from_utf8(&words[at]).unwrap().parse().unwrap();
            assert!(count <= MAX_ARGS);
            for pair in words[at + 3..=at + count].chunks(2) {
                assert_eq!(pair[0], pair[1]);
                seen += 1;
            }
            at += count + 1;
            commands += 1;
        }
        assert_eq!((commands, seen), (3, 5000));
    }

    #[test]
    fn no_items_are_no_command() {
        let mut batch = Batch::new();
        batch.push_many("HDEL", "key", Vec::<String>::new());
        assert!(batch.is_empty());
    }

    #[test]
    fn a_command_beyond_the_limit_is_refused() {
        let mut batch = Batch::new();
        batch.push("DEL", vec!["key"; MAX_ARGS + 1]);
        assert!(batch.into_args().is_none());
    }
}
