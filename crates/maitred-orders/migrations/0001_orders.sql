CREATE TABLE quote (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  revision BIGINT NOT NULL CHECK (revision > 0),
  supersedes_id TEXT REFERENCES quote (id),
  status TEXT NOT NULL CHECK (status IN ('draft', 'sent', 'accepted', 'declined', 'expired', 'converted', 'cancelled', 'superseded')),
  company_id TEXT NOT NULL REFERENCES company (id),
  contact_id TEXT REFERENCES contact (id),
  owner_id TEXT REFERENCES member (id),
  deal_id TEXT,
  currency TEXT NOT NULL,
  includes_tax BIGINT NOT NULL CHECK (includes_tax IN (0, 1)),
  valid_until TEXT NOT NULL,
  terms TEXT,
  po_reference TEXT,
  buyer TEXT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  sent_at TEXT,
  sent_to TEXT,
  answered_at TEXT,
  accepted_contact_id TEXT REFERENCES contact (id),
  accepted_channel TEXT,
  accepted_gross BIGINT,
  evidence TEXT,
  close_reason TEXT
) /*clustered*/;
CREATE UNIQUE INDEX quote_number ON quote (number, revision);
CREATE INDEX quote_company ON quote (company_id, id);
CREATE INDEX quote_contact ON quote (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX quote_accepted ON quote (accepted_contact_id) WHERE accepted_contact_id IS NOT NULL;
CREATE INDEX quote_deal ON quote (deal_id) WHERE deal_id IS NOT NULL;
CREATE INDEX quote_status ON quote (status, id);
CREATE INDEX quote_supersedes ON quote (supersedes_id) WHERE supersedes_id IS NOT NULL;

CREATE TABLE quote_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  quote_id TEXT NOT NULL REFERENCES quote (id),
  position BIGINT NOT NULL CHECK (position > 0),
  variant_id TEXT,
  sku TEXT,
  description TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('goods', 'service', 'bundle')),
  unit TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  converted BIGINT NOT NULL CHECK (converted >= 0 AND converted <= quantity),
  unit_price BIGINT CHECK (unit_price >= 0),
  list_price BIGINT CHECK (list_price >= 0),
  unit_cost BIGINT CHECK (unit_cost >= 0),
  discount_bp BIGINT NOT NULL CHECK (discount_bp BETWEEN 0 AND 10000),
  tax_class TEXT NOT NULL CHECK (tax_class IN ('standard', 'reduced', 'reduced2', 'super_reduced', 'zero', 'exempt')),
  tax_category TEXT NOT NULL CHECK (tax_category IN ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
  tax_rate_bp BIGINT NOT NULL CHECK (tax_rate_bp >= 0),
  net BIGINT NOT NULL,
  price_source TEXT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX quote_line_position ON quote_line (quote_id, position);
CREATE INDEX quote_line_variant ON quote_line (variant_id) WHERE variant_id IS NOT NULL;

CREATE TABLE cart (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  contact_id TEXT NOT NULL REFERENCES contact (id),
  status TEXT NOT NULL CHECK (status IN ('open', 'submitted', 'abandoned'))
) /*clustered*/;
CREATE UNIQUE INDEX cart_open ON cart (company_id, contact_id) WHERE status = 'open';
CREATE INDEX cart_company ON cart (company_id);
CREATE INDEX cart_contact ON cart (contact_id);

CREATE TABLE cart_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  cart_id TEXT NOT NULL REFERENCES cart (id),
  variant_id TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  seen_price BIGINT CHECK (seen_price >= 0)
) /*clustered*/;
CREATE UNIQUE INDEX cart_line_variant ON cart_line (cart_id, variant_id);

CREATE TABLE sales_order (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('staff', 'client', 'quote', 'reorder', 'replacement')),
  status TEXT NOT NULL CHECK (status IN ('draft', 'pending_approval', 'confirmed', 'in_fulfilment', 'fulfilled', 'closed', 'cancelled')),
  company_id TEXT NOT NULL REFERENCES company (id),
  contact_id TEXT REFERENCES contact (id),
  owner_id TEXT REFERENCES member (id),
  quote_id TEXT REFERENCES quote (id),
  cart_id TEXT REFERENCES cart (id),
  return_id TEXT,
  deal_id TEXT,
  hold_reason TEXT,
  approval_reason TEXT,
  reason TEXT,
  cancel_reason TEXT,
  po_reference TEXT,
  note TEXT,
  requested_date TEXT,
  promise_date TEXT,
  address_id TEXT,
  ship_to TEXT,
  buyer TEXT NOT NULL,
  priority BIGINT NOT NULL,
  currency TEXT NOT NULL,
  includes_tax BIGINT NOT NULL CHECK (includes_tax IN (0, 1)),
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  confirmed_at TEXT,
  cancelled_at TEXT
) /*clustered*/;
CREATE UNIQUE INDEX sales_order_number ON sales_order (number);
CREATE UNIQUE INDEX sales_order_cart ON sales_order (cart_id) WHERE cart_id IS NOT NULL;
CREATE INDEX sales_order_company ON sales_order (company_id, id);
CREATE INDEX sales_order_contact ON sales_order (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX sales_order_quote ON sales_order (quote_id) WHERE quote_id IS NOT NULL;
CREATE INDEX sales_order_deal ON sales_order (deal_id) WHERE deal_id IS NOT NULL;
CREATE INDEX sales_order_status ON sales_order (status, id);
CREATE INDEX sales_order_confirmed ON sales_order (confirmed_at);

CREATE TABLE order_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES sales_order (id),
  position BIGINT NOT NULL CHECK (position > 0),
  quote_line_id TEXT REFERENCES quote_line (id),
  variant_id TEXT,
  sku TEXT,
  description TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('goods', 'service', 'bundle')),
  unit TEXT NOT NULL,
  ordered BIGINT NOT NULL CHECK (ordered > 0),
  reserved BIGINT NOT NULL CHECK (reserved >= 0),
  shipped BIGINT NOT NULL CHECK (shipped >= 0),
  cancelled BIGINT NOT NULL CHECK (cancelled >= 0),
  returned BIGINT NOT NULL CHECK (returned >= 0),
  invoiced BIGINT NOT NULL CHECK (invoiced >= 0),
  unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
  list_price BIGINT CHECK (list_price >= 0),
  unit_cost BIGINT CHECK (unit_cost >= 0),
  discount_bp BIGINT NOT NULL CHECK (discount_bp BETWEEN 0 AND 10000),
  tax_class TEXT NOT NULL CHECK (tax_class IN ('standard', 'reduced', 'reduced2', 'super_reduced', 'zero', 'exempt')),
  tax_category TEXT NOT NULL CHECK (tax_category IN ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
  tax_rate_bp BIGINT NOT NULL CHECK (tax_rate_bp >= 0),
  net BIGINT NOT NULL,
  price_source TEXT NOT NULL,
  backorder BIGINT NOT NULL CHECK (backorder IN (0, 1)),
  CHECK (shipped + cancelled <= ordered),
  CHECK (reserved + shipped + cancelled <= ordered),
  CHECK (returned <= shipped),
  CHECK (invoiced <= ordered - cancelled)
) /*clustered*/;
CREATE UNIQUE INDEX order_line_position ON order_line (order_id, position);
CREATE INDEX order_line_variant ON order_line (variant_id, order_id);
-- What reports sum up, so that a year of lines is read without the table.
CREATE INDEX order_line_sums ON order_line (order_id, sku, description, ordered, cancelled, invoiced, net, unit_cost);
CREATE INDEX order_line_quote ON order_line (quote_line_id) WHERE quote_line_id IS NOT NULL;

CREATE TABLE shipment (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES sales_order (id),
  location_id TEXT NOT NULL,
  location_name TEXT NOT NULL,
  carrier TEXT,
  tracking TEXT,
  ship_to TEXT,
  status TEXT NOT NULL CHECK (status IN ('packed', 'shipped', 'delivered', 'failed', 'cancelled')),
  shipped_at TEXT,
  delivered_at TEXT,
  failed_reason TEXT
) /*clustered*/;
CREATE UNIQUE INDEX shipment_number ON shipment (number);
CREATE INDEX shipment_order ON shipment (order_id);
CREATE INDEX shipment_at ON shipment (shipped_at);

CREATE TABLE shipment_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  shipment_id TEXT NOT NULL REFERENCES shipment (id),
  order_line_id TEXT NOT NULL REFERENCES order_line (id),
  quantity BIGINT NOT NULL CHECK (quantity > 0)
) /*clustered*/;
CREATE UNIQUE INDEX shipment_line_once ON shipment_line (shipment_id, order_line_id);
CREATE INDEX shipment_line_order ON shipment_line (order_line_id);

CREATE TABLE goods_return (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES sales_order (id),
  company_id TEXT NOT NULL REFERENCES company (id),
  contact_id TEXT REFERENCES contact (id),
  by_client BIGINT NOT NULL CHECK (by_client IN (0, 1)),
  resolution TEXT NOT NULL CHECK (resolution IN ('refund', 'credit', 'replacement', 'none')),
  status TEXT NOT NULL CHECK (status IN ('requested', 'approved', 'received', 'completed', 'rejected', 'cancelled')),
  note TEXT,
  override_reason TEXT,
  decision_reason TEXT,
  decided_at TEXT,
  received_at TEXT,
  completed_at TEXT
) /*clustered*/;
CREATE UNIQUE INDEX goods_return_number ON goods_return (number);
CREATE INDEX goods_return_order ON goods_return (order_id);
CREATE INDEX goods_return_company ON goods_return (company_id, id);
CREATE INDEX goods_return_contact ON goods_return (contact_id);
CREATE INDEX goods_return_status ON goods_return (status, id);

CREATE TABLE return_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  return_id TEXT NOT NULL REFERENCES goods_return (id),
  order_line_id TEXT NOT NULL REFERENCES order_line (id),
  reason TEXT NOT NULL CHECK (reason IN ('damaged', 'wrong_item', 'defective', 'not_needed', 'late', 'other')),
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  received BIGINT NOT NULL CHECK (received >= 0 AND received <= quantity),
  credited BIGINT NOT NULL CHECK (credited >= 0 AND credited <= received),
  condition TEXT CHECK (condition IN ('as_new', 'opened', 'damaged')),
  remark TEXT
) /*clustered*/;
CREATE UNIQUE INDEX return_line_once ON return_line (return_id, order_line_id);
CREATE INDEX return_line_order ON return_line (order_line_id);
