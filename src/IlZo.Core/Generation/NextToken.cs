namespace IlZo.Generation;

/// <summary>What a model says of the token that follows a text.</summary>
/// <param name="row">A logit for each row of the head.</param>
/// <param name="vocabulary">Tokens that there is a text for; the rows behind them fill up an embedding.</param>
internal readonly ref struct NextToken(Span<float> row, int vocabulary)
{
    private readonly Span<float> _row = row;

    /// <summary>The logits of the tokens that can be chosen, which may be changed.</summary>
    public Span<float> Logits => _row[..vocabulary];

    /// <summary>log Σ exp(logit) of all rows.</summary>
    public double LogSum() => TokenRanking.LogSum(_row);
}
