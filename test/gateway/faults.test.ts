import { Link } from '../support/link.js';
import { testLinkFaults } from './link-faults.js';

testLinkFaults((url) => Link.to(url));
