namespace IlZo.Kernels;

/// <summary>Numbers of the elements of a noise block, each computed when it is asked for.</summary>
public interface IElements
{
    /// <param name="index">0 to 7, in the order of <see cref="NoiseWords.Column"/>.</param>
    float At(int index);
}

/// <summary>Something to do with each element of a noise block.</summary>
public interface IElementAction
{
    /// <param name="index">0 to 7, in the order of <see cref="NoiseWords.Column"/>.</param>
    void Do(int index);
}

/// <summary>A number for each element of a noise block, in registers.</summary>
public readonly struct Eight(float v0, float v1, float v2, float v3, float v4, float v5, float v6, float v7) : IElements
{
    private readonly float _v0 = v0;
    private readonly float _v1 = v1;
    private readonly float _v2 = v2;
    private readonly float _v3 = v3;
    private readonly float _v4 = v4;
    private readonly float _v5 = v5;
    private readonly float _v6 = v6;
    private readonly float _v7 = v7;

    /// <summary>Computes all eight.</summary>
    public static Eight Of<T>(T elements)
        where T : struct, IElements => new(
            elements.At(0), elements.At(1), elements.At(2), elements.At(3), elements.At(4), elements.At(5), elements.At(6), elements.At(7));

    /// <summary>
    /// Does something with all eight. Each place is a constant there, as it is not in a loop, and <see cref="At"/> costs nothing.
    /// </summary>
    public static void ForEach<T>(T action)
        where T : struct, IElementAction
    {
        action.Do(0);
        action.Do(1);
        action.Do(2);
        action.Do(3);
        action.Do(4);
        action.Do(5);
        action.Do(6);
        action.Do(7);
    }

    /// <summary>a·b + c, rounded once.</summary>
    public static Eight FusedMultiplyAdd(Eight a, float b, Eight c) => Of(new Added(a, b, c));

    /// <summary>
    /// The third to the last, then the first two: places stay constants in a loop over pairs, and <see cref="At"/> costs nothing.
    /// </summary>
    public Eight AfterPair() => new(_v2, _v3, _v4, _v5, _v6, _v7, _v0, _v1);

    public float At(int index)
    {
        float lower = (index & 1) == 0 ? ((index & 2) == 0 ? _v0 : _v2) : ((index & 2) == 0 ? _v1 : _v3);
        float upper = (index & 1) == 0 ? ((index & 2) == 0 ? _v4 : _v6) : ((index & 2) == 0 ? _v5 : _v7);
        return index < 4 ? lower : upper;
    }

    private readonly struct Added(Eight a, float b, Eight c) : IElements
    {
        private readonly Eight _a = a;
        private readonly float _b = b;
        private readonly Eight _c = c;

        public float At(int index) => DeviceMath.FusedMultiplyAdd(_a.At(index), _b, _c.At(index));
    }
}
