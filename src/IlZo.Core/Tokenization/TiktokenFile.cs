using System.Buffers.Text;
using System.Globalization;

namespace IlZo.Tokenization;

/// <summary>
/// Reads the tokenizer.model of Llama 3: lines of a base64 token and its rank (tiktoken's format). The file names neither
/// its pre-tokenizer nor its special tokens, so only Llama 3's 128,000 ranks are taken, with the 256 special tokens that
/// follow them.
/// </summary>
internal static class TiktokenFile
{
    private const int Llama3Ranks = 128_000;

    /// <summary>Whether the bytes start like a line of this format; a SentencePiece file starts with a line feed.</summary>
    public static bool IsRecognised(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 0 && (char.IsAsciiLetterOrDigit((char)bytes[0]) || bytes[0] is (byte)'+' or (byte)'/');

    public static ITokenizer Load(TokenizerSource source, string file, TokenizerConvention convention)
    {
        TokenTable tokens = ReadRanks(source, file);
        var merges = new BpeMerges();
        foreach ((string text, int id) in tokens.All)
        {
            MergeRules.AddCuts(merges, tokens.BySpan, text, rank: id, id);
        }

        AddSpecialTokens(tokens, message => new InvalidInputException($"{source.PathOf(file)}: {message}."));
        convention.Complete(tokens);
        var parts = new PipelineParts(tokens, new BpeModel(tokens, merges, new BpeOptions(IgnoreMerges: true)))
        {
            Raw = new AddedTokens(convention.Parsed.Select(token => (token.Text, token.Id))),
            PreTokenizer = new PreTokenizerSequence(
                [new SplitPreTokenizer(WordSplitter.Llama3, SplitBehavior.Isolated, invert: false), new ByteLevelPreTokenizer(
                    addPrefixSpace: false, splitter: null)]),
            Decoder = [Decoders.ByteLevel],
        };
        int bos = Llama3Ranks;
        int eos = Llama3Ranks + 1;
        return new PipelineTokenizer(
            parts, new SpecialFrame(convention.AddBos ?? true ? [bos] : [], convention.AddEos ?? false ? [eos] : [], eos));
    }

    private static TokenTable ReadRanks(TokenizerSource source, string file)
    {
        var tokens = new TokenTable();
        string path = source.PathOf(file);
        int number = 0;
        foreach (string line in TextLines.Read(source, file))
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            InvalidInputException Error(string expectation) => new($"{path}, line {number}: {expectation}.");
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space <= 0 || !Base64.IsValid(line.AsSpan(0, space))
                || !int.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int rank))
            {
                throw Error("a base64 token and its rank were expected");
            }

            byte[] bytes = Convert.FromBase64String(line[..space]);
            tokens.Add(string.Create(bytes.Length, bytes, Spell), rank, Error);
        }

        int count = tokens.All.Count();
        if (count != Llama3Ranks || tokens.Size != Llama3Ranks)
        {
            throw new InvalidInputException(
                $"{path}: the {Llama3Ranks} ranks of Llama 3 were expected, {count} were found with {tokens.Size - 1} as the "
                + "largest; other tiktoken files are not supported.");
        }

        return tokens;
    }

    private static void Spell(Span<char> text, byte[] bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            text[i] = ByteLevelAlphabet.Character(bytes[i]);
        }
    }

    /// <summary>The special tokens in the order of meta-llama/llama-models, llama3/tokenizer.py.</summary>
    private static void AddSpecialTokens(TokenTable tokens, Func<string, InvalidInputException> error)
    {
        var names = new List<string> { "<|begin_of_text|>", "<|end_of_text|>" };
        names.AddRange(Enumerable.Range(0, 4).Select(Reserved));
        names.AddRange(["<|start_header_id|>", "<|end_header_id|>", Reserved(4), "<|eot_id|>"]);
        names.AddRange(Enumerable.Range(5, 246).Select(Reserved));
        foreach (string name in names)
        {
            int id = tokens.Size;
            tokens.Add(name, id, error);
            tokens.MarkSpecial(id);
        }

        static string Reserved(int number) => string.Create(CultureInfo.InvariantCulture, $"<|reserved_special_token_{number}|>");
    }
}
