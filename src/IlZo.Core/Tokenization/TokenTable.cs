using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace IlZo.Tokenization;

/// <summary>The tokens of a tokenizer by text and by id, and which of them are special.</summary>
internal sealed class TokenTable
{
    /// <summary>Ids above this are refused: no published vocabulary comes near, and a wrong id must not ask for gigabytes.</summary>
    public const int LargestId = (1 << 22) - 1;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string?> _texts = [];
    private readonly HashSet<int> _special = [];
    private readonly Dictionary<int, (bool Left, bool Right)> _stripping = [];

    /// <summary>One more than the largest id.</summary>
    public int Size => _texts.Count;

    public Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> BySpan =>
        _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    public void Add(string text, int id, Func<string, InvalidInputException> error)
    {
        if (id is < 0 or > LargestId)
        {
            throw error($"the id {id} of '{text}' is not between 0 and {LargestId}");
        }

        if (id >= _texts.Count)
        {
            CollectionsMarshal.SetCount(_texts, id + 1);
        }

        if (_texts[id] is { } other)
        {
            throw error($"the id {id} is given to both '{other}' and '{text}'");
        }

        if (!_ids.TryAdd(text, id))
        {
            throw error($"the token '{text}' stands twice");
        }

        _texts[id] = text;
    }

    /// <summary>Adds a token unless the same text with the same id is already there.</summary>
    public void AddOrConfirm(string text, int id, Func<string, InvalidInputException> error)
    {
        if (!_ids.TryGetValue(text, out int known))
        {
            Add(text, id, error);
        }
        else if (known != id)
        {
            throw error($"the token '{text}' has the id {id} here and {known} in the vocabulary");
        }
    }

    public void MarkSpecial(int id) => _special.Add(id);

    /// <summary>Says which white space beside it a special token takes away where it is parsed (<c>lstrip</c> and <c>rstrip</c>).</summary>
    public void MarkStripping(int id, bool left, bool right) => _stripping[id] = (left, right);

    /// <summary>The text between two tokens without what they take; an id of −1 is none.</summary>
    public string Between(string text, int before, int after)
    {
        string rest = _stripping.GetValueOrDefault(before).Right ? text.TrimStart() : text;
        return _stripping.GetValueOrDefault(after).Left ? rest.TrimEnd() : rest;
    }

    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>The special tokens.</summary>
    public IEnumerable<(string Text, int Id)> Special =>
        _special.Where(id => _texts[id] is { Length: > 0 }).Select(id => (_texts[id]!, id));

    public bool TryGetId(string text, out int id) => _ids.TryGetValue(text, out id);

    public bool TryGetText(int id, [NotNullWhen(true)] out string? text)
    {
        text = (uint)id < (uint)_texts.Count ? _texts[id] : null;
        return text is not null;
    }

    /// <summary>Every (text, id).</summary>
    public IEnumerable<KeyValuePair<string, int>> All => _ids;

    /// <summary>Refuses an id that no token can have; ids in gaps of the vocabulary pass.</summary>
    public void Check(int id)
    {
        if ((uint)id >= (uint)_texts.Count)
        {
            throw new InvalidInputException($"The token id {id} is not between 0 and {_texts.Count - 1}.");
        }
    }
}
