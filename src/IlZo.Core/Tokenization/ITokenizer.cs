namespace IlZo.Tokenization;

/// <summary>Turns text into token ids and back.</summary>
public interface ITokenizer
{
    /// <summary>One more than the largest id the tokenizer can produce.</summary>
    int VocabularySize { get; }

    /// <summary>
    /// The token put in front of a text, where the tokenizer's convention has one (OPT: <c>&lt;/s&gt;</c>, Llama: <c>&lt;s&gt;</c>).
    /// </summary>
    int? BosId { get; }

    /// <summary>The token that ends a text.</summary>
    int? EosId { get; }

    /// <summary>
    /// The token that stands for one to be predicted, where the tokenizer has one (RoBERTa: <c>&lt;mask&gt;</c>, BERT: <c>[MASK]</c>).
    /// </summary>
    int? MaskId => null;

    /// <summary>What the convention puts around two texts that are read together.</summary>
    internal PairFrame Pair
    {
        get
        {
            int[] frame = Encode(string.Empty);
            int front = frame.Length > 0 && frame[0] == BosId ? 1 : 0;
            return PairFrame.Of(frame[..front], frame[front..]);
        }
    }

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text; special tokens written in it are not parsed.</param>
    /// <param name="addSpecialTokens">Whether to add what the convention puts around a text (BOS for OPT and Llama, both ends for
    /// RoBERTa and BERT).</param>
    int[] Encode(string text, bool addSpecialTokens = true);

    /// <summary>
    /// The ids of a text in which special tokens are written out, as chat templates write it. Every special token is parsed, also one that
    /// a user wrote into a message, as transformers' <c>encode</c> does.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecialTokens">Whether to add what the convention puts around a text; a BOS token that the text begins with is not
    /// doubled.</param>
    int[] EncodeMarkup(string text, bool addSpecialTokens = false) => Encode(text, addSpecialTokens);

    /// <summary>Ids with the BOS token in front, where the convention has one and they do not begin with it.</summary>
    int[] Begin(int[] ids) => BosId is { } bos && (ids.Length == 0 || ids[0] != bos) ? [bos, .. ids] : ids;

    /// <summary>How many special tokens are written in a text.</summary>
    int CountSpecialTokens(string text) => 0;

    /// <summary>What a token is in the vocabulary, such as <c>Ġthe</c>; null for an id in a gap of it.</summary>
    string? Piece(int id) => null;

    /// <summary>The text of ids; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Ids below <see cref="VocabularySize"/>.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out of the text.</param>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true);
}
