using System.Runtime.InteropServices;

namespace IlZo.Backends.Cpu;

/// <summary>
/// For each segment of a batch the runs of its text as far as the batch holds it, from the beginning to the segment's end.
/// </summary>
internal sealed class TextRuns
{
    private readonly List<TokenRun> _runs = [];

    // Where the runs of each segment end; those of the next begin there.
    private readonly List<int> _ends = [];

    public ReadOnlySpan<TokenRun> Of(int segment) => CollectionsMarshal.AsSpan(_runs)[First(segment).._ends[segment]];

    public void Set(TokenBatch batch)
    {
        _runs.Clear();
        _ends.Clear();
        for (int s = 0; s < batch.Segments.Count; s++)
        {
            var segment = batch.Segments[s];
            if (segment.Parent >= 0)
            {
                for (int run = First(segment.Parent); run < _ends[segment.Parent]; run++)
                {
                    _runs.Add(_runs[run]);
                }
            }

            for (int i = 0; i < segment.Length;)
            {
                int token = segment.Start + i;
                int count = Math.Min(segment.Length - i, Panel.Lanes - (token % Panel.Lanes));
                _runs.Add(new TokenRun(segment.Prefix + i, token, count));
                i += count;
            }

            _ends.Add(_runs.Count);
        }
    }

    private int First(int segment) => segment == 0 ? 0 : _ends[segment - 1];
}
