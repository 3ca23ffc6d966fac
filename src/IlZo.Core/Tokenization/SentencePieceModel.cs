using System.Text;
using System.Text.Unicode;

namespace IlZo.Tokenization;

/// <summary>The kinds of pieces, numbered as in sentencepiece_model.proto.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One piece of a SentencePiece vocabulary; its id is its place in the list.</summary>
internal readonly record struct SentencePiece(string Text, float Score, PieceType Type);

/// <summary>
/// A SentencePiece tokenizer.model file (sentencepiece_model.proto): BPE models with identity normalization; everything
/// else is refused by name.
/// </summary>
internal sealed class SentencePieceModel
{
    private readonly string _file;
    private string _normalization = string.Empty;
    private bool _hasCharacterMap;
    private bool _hasNormalizer;
    private bool _escapesSpaces = true;
    private bool _spaceAsSuffix;
    private int _modelType = 1;

    public SentencePieceModel(ReadOnlySpan<byte> bytes, string file)
    {
        _file = file;
        var reader = new ProtobufReader(bytes, file, 0);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    Pieces.Add(ReadPiece(reader.Message()));
                    break;
                case 2:
                    ReadTrainer(reader.Message());
                    break;
                case 3:
                    _hasNormalizer = true;
                    ReadNormalizer(reader.Message());
                    break;
                case 5:
                    ReadDenormalizer(reader.Message());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        Check();
    }

    public List<SentencePiece> Pieces { get; } = [];

    public bool ByteFallback { get; private set; }

    public int BosId { get; private set; } = 1;

    public int EosId { get; private set; } = 2;

    public int UnknownId { get; private set; } = -1;

    /// <summary>The text an unknown piece decodes to.</summary>
    public string UnknownSurface { get; private set; } = " \u2047 ";

    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespace { get; private set; } = true;

    public InvalidInputException Error(string expectation) => new($"{_file}: {expectation}.");

    private static SentencePiece ReadPiece(ProtobufReader reader)
    {
        var piece = new SentencePiece(string.Empty, 0, PieceType.Normal);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    piece = piece with { Text = ReadText(ref reader) };
                    break;
                case 2:
                    piece = piece with { Score = reader.Single() };
                    break;
                case 3:
                    piece = piece with { Type = (PieceType)reader.Int32() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (piece.Text.Length == 0)
        {
            throw reader.Error("a piece without text stands here");
        }

        if (!float.IsFinite(piece.Score))
        {
            throw reader.Error($"the score of the piece '{piece.Text}' is not finite");
        }

        return Enum.IsDefined(piece.Type) && piece.Type != PieceType.Unused
            ? piece
            : throw reader.Error($"the type {(int)piece.Type} of the piece '{piece.Text}' is not supported");
    }

    private static string ReadText(ref ProtobufReader reader)
    {
        ReadOnlySpan<byte> bytes = reader.Bytes();
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw reader.Error("a text is not UTF-8");
    }

    private void ReadTrainer(ProtobufReader reader)
    {
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    _modelType = reader.Int32();
                    break;
                case 24:
                    _spaceAsSuffix = reader.Integer() != 0;
                    break;
                case 35:
                    ByteFallback = reader.Integer() != 0;
                    break;
                case 41:
                    BosId = reader.Int32();
                    break;
                case 42:
                    EosId = reader.Int32();
                    break;
                case 44:
                    UnknownSurface = ReadText(ref reader);
                    break;
                default:
                    // The other fields steered training.
                    reader.Skip();
                    break;
            }
        }
    }

    private void ReadNormalizer(ProtobufReader reader)
    {
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    _normalization = ReadText(ref reader);
                    break;
                case 2:
                    _hasCharacterMap = reader.Bytes().Length > 0;
                    break;
                case 3:
                    AddDummyPrefix = reader.Integer() != 0;
                    break;
                case 4:
                    RemoveExtraWhitespace = reader.Integer() != 0;
                    break;
                case 5:
                    _escapesSpaces = reader.Integer() != 0;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static void ReadDenormalizer(ProtobufReader reader)
    {
        while (reader.Next())
        {
            if (reader.Field == 2 && reader.Bytes().Length > 0)
            {
                throw reader.Error("a denormalizer with a character map is not supported");
            }
            else if (reader.Field != 2)
            {
                reader.Skip();
            }
        }
    }

    private void Check()
    {
        if (_modelType != 2)
        {
            string name = _modelType switch { 1 => "unigram", 3 => "word", 4 => "char", _ => $"number {_modelType}" };
            throw Error($"the SentencePiece model type {name} is not supported, only BPE is");
        }

        if (!_hasNormalizer)
        {
            throw Error("the normalizer_spec is missing");
        }

        if (_hasCharacterMap || _normalization is not ("identity" or ""))
        {
            throw Error($"the normalization '{_normalization}' is not supported, only identity is");
        }

        if (!_escapesSpaces || _spaceAsSuffix)
        {
            throw Error($"{(_spaceAsSuffix ? "treat_whitespace_as_suffix true" : "escape_whitespaces false")} is not supported");
        }

        for (int id = 0; id < Pieces.Count; id++)
        {
            if (Pieces[id].Type == PieceType.Unknown)
            {
                UnknownId = UnknownId < 0 ? id : throw Error($"both {UnknownId} and {id} are unknown pieces");
            }
        }

        if (UnknownId < 0)
        {
            throw Error("no piece has the type unknown");
        }
    }
}
