using System.Text.Json.Serialization.Metadata;
using IlZo.Generation;

namespace IlZo.Server.Api;

/// <summary>How answers of a kind are written.</summary>
/// <typeparam name="T">Bodies of responses, and of the events of a stream.</typeparam>
internal interface IAnswerForm<T>
{
    /// <summary>How to write a body.</summary>
    JsonTypeInfo<T> Json { get; }

    /// <summary>What a stream begins with; null for nothing.</summary>
    T? Beginning { get; }

    /// <summary>A piece of a stream.</summary>
    T Piece(TextPiece piece);

    /// <summary>The end of a stream.</summary>
    T End(string reason);

    /// <summary>What a stream took, which comes after its end.</summary>
    T Total(Usage usage);

    /// <summary>A whole answer.</summary>
    T Whole(string text, IReadOnlyList<ChosenToken> tokens, string reason, Usage usage);
}
