namespace IlZo.Backends.Cpu.Emitted;

/// <summary>A kernel that multiplies packed rows with a panel of tokens: its machine code, and the same arithmetic in C#.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Rows">Rows of a group.</param>
/// <param name="Layout">Where operands lie.</param>
/// <param name="NeedsTiles">Whether it runs on the matrix unit, and only where <see cref="TileThread"/> has prepared the thread.</param>
/// <param name="Code">The function, with a pointer to <see cref="PanelArguments"/> as its argument.</param>
/// <param name="Reference">The twin in C#, which gives the same bits.</param>
internal sealed unsafe record PanelKernel(
    string Name, int Rows, BFloat16Layout Layout, bool NeedsTiles, byte[] Code, PanelKernel.Function Reference)
{
    public delegate void Function(PanelArguments arguments);

    /// <summary>Rows padded to whole groups.</summary>
    public int Padded(int rows) => (rows + Rows - 1) / Rows * Rows;
}
