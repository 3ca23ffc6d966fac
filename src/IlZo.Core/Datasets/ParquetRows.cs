using IlZo.Files;
using Parquet;

namespace IlZo.Datasets;

/// <summary>The rows of a Parquet file, read a row group at a time.</summary>
internal sealed class ParquetRows : RowSource
{
    private readonly string _path;
    private readonly PartOfFile _stream;
    private readonly ParquetPages _pages;
    private readonly ParquetReader _reader;
    private ParquetRecords? _records;
    private int _group;
    private long _row;

    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It cannot be opened or is not Parquet.</exception>
    public ParquetRows(string path)
    {
        _path = path;
        _stream = Guarded(() => new PartOfFile(PlainFile.OpenRead(path)));
        try
        {
            _pages = Guarded(() => new ParquetPages(_stream, ParquetFooter.Check(_stream)));
            _reader = Guarded(() => ParquetReader.CreateAsync(
                _stream, new ParquetOptions { UseDateOnlyTypeForDates = true }, leaveStreamOpen: true).GetAwaiter().GetResult());
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public override long Position => _row;

    public override DataRow? Next()
    {
        while (_records is null || _records.AtEnd)
        {
            if (_group == _reader.RowGroupCount)
            {
                return null;
            }

            _records = Guarded(() => ParquetRecords.Read(_reader, _group++, _pages));
        }

        var columns = Guarded(_records.Next);
        _row++;
        return new DataRow($"{_path} (row {_row})", columns);
    }

    public override void Dispose()
    {
        Guarded(() =>
        {
            _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            return true;
        });
        _stream.Dispose();
    }

    // Of a broken file the library throws what its arithmetic and its collections throw.
    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{_path}: no such file; a Parquet file was expected.", e);
        }
        catch (Exception e) when (e is not (InvalidInputException or OperationCanceledException))
        {
            throw new InvalidInputException(
                $"{_path}: cannot be read as Parquet ({e.Message.TrimEnd('.')}); a whole Parquet file was expected.", e);
        }
    }
}
