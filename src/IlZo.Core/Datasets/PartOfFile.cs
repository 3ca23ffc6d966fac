namespace IlZo.Datasets;

/// <summary>
/// A file of which a part is open for reading. Reading beyond it is an error, not an end: some readers never notice ends.
/// </summary>
internal sealed class PartOfFile(Stream file) : Stream
{
    private long _start;
    private long _end = file.Length;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => file.Position = value;
    }

    /// <summary>Opens a part, and closes the rest.</summary>
    public void Open(long start, long end) => (_start, _end) = (start, end);

    public override int ReadByte()
    {
        Require(1);
        return file.ReadByte();
    }

    public override int Read(Span<byte> buffer)
    {
        Require(buffer.Length == 0 ? 0 : 1);
        return file.Read(buffer[..(int)Math.Min(buffer.Length, _end - file.Position)]);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Require(int count)
    {
        if (file.Position < _start || count > _end - file.Position)
        {
            throw new InvalidDataException("its pages have fewer values than they should");
        }
    }
}
