using IlZo.Arithmetic;

namespace IlZo.Backends.Cpu;

/// <summary>
/// Cosines and sines of the angles of rotary positions, as [panel][cos, sin][pair][32 tokens], computed once for all layers of a pass. The
/// next pass has the memory.
/// </summary>
internal sealed class RotationTables
{
    private readonly List<Table> _tables = [];
    private int _used;

    /// <summary>Forgets the tables of the pass before.</summary>
    public void Reset() => _used = 0;

    /// <summary>The table of a batch; it may be longer than that.</summary>
    /// <param name="batch">The pass's batch.</param>
    /// <param name="frequencies">The angular frequencies, one for each pair.</param>
    /// <param name="shift">What is added to positions.</param>
    public float[] For(TokenBatch batch, IRotaryFrequencies frequencies, int shift)
    {
        for (int i = 0; i < _used; i++)
        {
            if (ReferenceEquals(_tables[i].Frequencies, frequencies) && _tables[i].Shift == shift)
            {
                return _tables[i].Angles;
            }
        }

        int pairs = frequencies.Pairs;
        int length = checked(CpuActivation.PanelsFor(batch.Count) * 2 * pairs * Panel.Lanes);
        float[] angles = _used < _tables.Count && _tables[_used].Angles.Length >= length ? _tables[_used].Angles : new float[length];
        if (_used == _tables.Count)
        {
            _tables.Add(default);
        }

        _tables[_used++] = new Table(frequencies, shift, angles);
        Fill(angles.AsSpan(0, length), batch, frequencies, pairs, shift);
        return angles;
    }

    // The angle is the fp32 product that the reference library takes, so that long texts agree.
    private static void Fill(Span<float> angles, TokenBatch batch, IRotaryFrequencies frequencies, int pairs, int shift)
    {
        angles.Clear();
        for (int t = 0; t < batch.Count; t++)
        {
            var frequency = frequencies.ForLength(batch.TextLengths[t] + shift);
            int at = (t / Panel.Lanes * 2 * pairs * Panel.Lanes) + (t % Panel.Lanes);
            for (int i = 0; i < pairs; i++, at += Panel.Lanes)
            {
                float angle = (batch.Positions[t] + shift) * frequency[i];
                angles[at] = (float)ElementaryFunctions.Cos(angle) * frequencies.AttentionFactor;
                angles[at + (pairs * Panel.Lanes)] = (float)ElementaryFunctions.Sin(angle) * frequencies.AttentionFactor;
            }
        }
    }

    private readonly record struct Table(IRotaryFrequencies Frequencies, int Shift, float[] Angles);
}
