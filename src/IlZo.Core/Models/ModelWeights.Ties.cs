using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Models;

/// <summary>The two embeddings, which may be one tensor, and tensors that a file holds twice.</summary>
internal sealed partial class ModelWeights
{
    private (Parameter Tokens, string Head, bool IsTied, ConfigSize Vocabulary, ConfigSize Features) _embedding;

    /// <summary>The token embedding [vocabulary, features]; where the head is tied to it, it may be stored under the head's name.</summary>
    /// <param name="name">The table.</param>
    /// <param name="head">The output embedding.</param>
    /// <param name="isTied">Whether the two are one parameter.</param>
    /// <param name="vocabulary">Rows of both.</param>
    /// <param name="features">Columns of both.</param>
    public Parameter Embedding(string name, string head, bool isTied, ConfigSize vocabulary, ConfigSize features)
    {
        bool isHeads = isTied && Classes is null && !Folder.Tensors.ContainsKey(_prefix + name) && Folder.Tensors.ContainsKey(head);
        var tokens = Require(name, new TensorRole(ModelPart.TokenEmbedding), [vocabulary, features], storedName: isHeads ? head : null);
        _embedding = (tokens, head, isTied, vocabulary, features);
        return tokens;
    }

    /// <summary>
    /// What makes logits: the output embedding, a tensor of its own or the one it is tied to; where there are classes, <c>score.weight</c>.
    /// A stored one that differs from the one it should be tied to stays as it is, as in transformers 5.
    /// </summary>
    public Parameter OutputEmbedding()
    {
        if (Classes is { } classes)
        {
            return Matrix("score.weight", ModelPart.Head, classes, _embedding.Features);
        }

        string name = _embedding.Head;
        if (!_embedding.IsTied && !Folder.Tensors.ContainsKey(name))
        {
            throw new InvalidInputException(
                $"'{Folder.DisplayName}': tensor '{name}' is missing, and tie_word_embeddings in config.json is false or absent; "
                + $"the tensor was expected, or \"tie_word_embeddings\": true where the model's output embedding is its token embedding.");
        }

        return _embedding.IsTied && TryTie() ? _embedding.Tokens : Matrix(name, ModelPart.Head, _embedding.Vocabulary, _embedding.Features);
    }

    // Lets the file hold a second copy of a tensor, which is the same parameter.
    private void AllowCopy(string name, string of, params ReadOnlySpan<ConfigSize> shape)
    {
        if (!Folder.Tensors.TryGetValue(name, out var copy))
        {
            return;
        }

        CheckShape(copy, shape);
        if (!IsCopy(copy, _byName[of]))
        {
            throw new InvalidInputException(
                $"'{copy.File}': tensor '{name}' has other numbers than '{of}', which stands for both; equal ones were expected.");
        }

        _stored.Add(name, _byName[of]);
    }

    // Whether the head is the embedding: stored under the one name, under the other, or twice with the same numbers.
    private bool TryTie()
    {
        string name = _embedding.Head;
        if (!Folder.Tensors.TryGetValue(name, out var stored) || _stored.ContainsKey(name))
        {
            return true;
        }

        CheckShape(stored, [_embedding.Vocabulary, _embedding.Features]);
        if (IsCopy(stored, _embedding.Tokens))
        {
            _stored.Add(name, _embedding.Tokens);
            return true;
        }

        _notes.Add($"'{name}' has other numbers than the token embedding, so the two are not tied although config.json says so "
            + "(tie_word_embeddings)");
        return false;
    }

    private unsafe bool IsCopy(TensorEntry copy, Parameter of)
    {
        var original = Folder.Tensors[_stored.First(s => ReferenceEquals(s.Value, of)).Key];
        if (copy.Type != original.Type || copy.ByteCount != original.ByteCount)
        {
            return false;
        }

        const int Piece = 1 << 20;
        bool same = true;
        for (long at = 0; same && copy.Data != original.Data && at < copy.ByteCount; at += Piece)
        {
            int length = (int)Math.Min(Piece, copy.ByteCount - at);
            same = new ReadOnlySpan<byte>(copy.Data + at, length).SequenceEqual(new ReadOnlySpan<byte>(original.Data + at, length));
        }

        return same;
    }
}
