namespace IlZo.Generation;

/// <summary>The log-probabilities of a continuation's tokens, which are handed out with the text that the tokens begin in.</summary>
/// <param name="top">The number of most probable tokens that are named in the place of each.</param>
internal sealed class TokenScores(int top)
{
    private readonly Queue<ChosenToken> _held = new();
    private float[] _logits = [];
    private double _logSum;

    /// <summary>Keeps what the model says before anything is changed of it.</summary>
    public void Read(NextToken next)
    {
        _logSum = next.LogSum();
        if (_logits.Length != next.Logits.Length)
        {
            _logits = new float[next.Logits.Length];
        }

        next.Logits.CopyTo(_logits);
    }

    /// <summary>Adds the token that was chosen then.</summary>
    /// <param name="id">The token.</param>
    /// <param name="start">Characters of the text before it.</param>
    public void Add(int id, int start) => _held.Enqueue(new ChosenToken(
        id, start, _logits[id] - _logSum, [.. TokenRanking.Top(_logits, top).Select(t => new ScoredToken(t, _logits[t] - _logSum))]));

    /// <summary>Hands out the tokens that begin before a character of the text.</summary>
    public IReadOnlyList<ChosenToken> Release(int end)
    {
        var released = new List<ChosenToken>();
        while (_held.TryPeek(out var next) && next.Start < end)
        {
            released.Add(_held.Dequeue());
        }

        return released;
    }
}
