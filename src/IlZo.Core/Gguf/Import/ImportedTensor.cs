namespace IlZo.Gguf;

/// <summary>A tensor of a model as the reference library stores it, out of one of a GGUF file.</summary>
/// <param name="Name">Its name in the reference library.</param>
/// <param name="Stored">The tensor of the file.</param>
internal record ImportedTensor(string Name, StoredTensor Stored)
{
    /// <summary>The dimensions, outermost first.</summary>
    public virtual IReadOnlyList<long> Shape => Stored.IsVector ? [Stored.Columns] : [Stored.Rows, Stored.Columns];

    /// <summary>Whether its rows are rows of the file, so that blocks may stay as they are.</summary>
    public virtual bool HasStoredRows => !Stored.IsVector;

    /// <summary>Hands over the rows, one after the other.</summary>
    public virtual void Read(GgufModelFile file, Action<float[]> onRow)
    {
        float[] row = new float[Stored.Columns];
        for (int r = 0; r < Stored.Rows; r++)
        {
            file.Read(Stored, PlaceOf(r), row);
            onRow(row);
        }
    }

    /// <summary>Writes the rows as they are stored, where <see cref="HasStoredRows"/>.</summary>
    public void Copy(GgufModelFile file, Stream to)
    {
        for (int r = 0; r < Stored.Rows; r++)
        {
            to.Write(file.Row(Stored, PlaceOf(r)));
        }
    }

    /// <summary>Where a row stands in the file.</summary>
    protected virtual int PlaceOf(int row) => row;
}

/// <summary>
/// Queries or keys whose halves of each head, which are rotated together, are neighbours in the file: row 2i + j of a head becomes row i of
/// its half j.
/// </summary>
/// <param name="Name">Its name in the reference library.</param>
/// <param name="Stored">The tensor of the file.</param>
/// <param name="HeadSize">Rows of a head.</param>
internal sealed record InterleavedTensor(string Name, StoredTensor Stored, int HeadSize) : ImportedTensor(Name, Stored)
{
    public override void Read(GgufModelFile file, Action<float[]> onRow)
    {
        if (!Stored.IsVector)
        {
            base.Read(file, onRow);
            return;
        }

        float[] row = new float[Stored.Columns];
        file.Read(Stored, 0, row);
        onRow([.. Enumerable.Range(0, row.Length).Select(i => row[PlaceOf(i)])]);
    }

    protected override int PlaceOf(int row)
    {
        int inHead = row % HeadSize;
        int half = HeadSize / 2;
        return row - inHead + (inHead < half ? 2 * inHead : (2 * (inHead - half)) + 1);
    }
}

/// <summary>A norm whose weights have 1 added in the file.</summary>
internal sealed record RaisedTensor(string Name, StoredTensor Stored) : ImportedTensor(Name, Stored)
{
    public override bool HasStoredRows => false;

    public override void Read(GgufModelFile file, Action<float[]> onRow) =>
        base.Read(file, row => onRow([.. row.Select(x => x - 1)]));
}

/// <summary>A matrix whose rows are the columns of the file's.</summary>
internal sealed record TransposedTensor(string Name, StoredTensor Stored) : ImportedTensor(Name, Stored)
{
    public override bool HasStoredRows => false;

    public override IReadOnlyList<long> Shape => [Stored.Columns, Stored.Rows];

    // The file's rows are what must be decoded as a whole, so that all of them are in memory once.
    public override void Read(GgufModelFile file, Action<float[]> onRow)
    {
        float[] all = new float[checked(Stored.Rows * Stored.Columns)];
        for (int r = 0; r < Stored.Rows; r++)
        {
            file.Read(Stored, r, all.AsSpan(r * Stored.Columns, Stored.Columns));
        }

        float[] column = new float[Stored.Rows];
        for (int c = 0; c < Stored.Columns; c++)
        {
            for (int r = 0; r < column.Length; r++)
            {
                column[r] = all[(r * Stored.Columns) + c];
            }

            onRow(column);
        }
    }
}
